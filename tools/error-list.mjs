// node tools/error-list.mjs [--check]: writes docs/errors.md from the errors in the sources, or says whether it is current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = path.join(root, 'docs', 'errors.md');
const CODE = /^[a-z]+(_[a-z0-9]+)*$/;
const HEAD = `# Errors

Every error of Panal, on a terminal, in a log or in an answer, has a stable code, a message, what to do about it, and whether
trying again can help. This list is made from the sources by \`node tools/error-list.mjs\`.

| code | what happened | again? |
| --- | --- | --- |
`;

/** The errors of all sources: a row for each code and place that makes it. */
function collect() {
  const rows = new Map();
  for (const file of sourceFiles()) {
    const source = ts.createSourceFile(file, readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
    visit(source, (node) => {
      for (const { code, retryable } of codesIn(node)) {
        const text = sentenceAbout(node);
        if (!CODE.test(code) || text === '') continue;
        const known = rows.get(code) ?? { texts: new Set(), retryable };
        rows.set(code, { texts: known.texts.add(text), retryable: merge(known.retryable, retryable) });
      }
    });
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

function* sourceFiles() {
  for (const folder of ['libs', 'apps']) {
    for (const name of readdirSync(path.join(root, folder), { recursive: true }).sort((one, other) =>
      one < other ? -1 : 1,
    )) {
      if (name.endsWith('.ts') && !/\.(spec|suite|fixture)\.ts$/.test(name)) yield path.join(folder, name);
    }
  }
}

/** What makes a code: an object literal with `code` and `retryable`, or a call of a superclass that takes the code first. */
function codesIn(node) {
  if (ts.isObjectLiteralExpression(node)) {
    const retryable = property(node, 'retryable');
    const code = property(node, 'code');
    return code === undefined || retryable === undefined
      ? []
      : literals(code).map((text) => ({ code: text, retryable: yes(retryable) }));
  }
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.SuperKeyword) return [];
  const [first] = node.arguments;
  return first !== undefined && ts.isStringLiteral(first) ? [{ code: first.text, retryable: 'yes' }] : [];
}

function property(object, name) {
  for (const member of object.properties) {
    if (ts.isPropertyAssignment(member) && member.name.getText() === name) return member.initializer;
    if (ts.isShorthandPropertyAssignment(member) && member.name.text === name) return member.name;
  }
  return undefined;
}

/** The strings an expression can be: itself, or what the type or default of the parameter it names says. */
function literals(expression) {
  if (ts.isStringLiteral(expression)) return [expression.text];
  if (!ts.isIdentifier(expression)) return [];
  const owner = ts.findAncestor(expression, ts.isConstructorDeclaration);
  const parameter = owner?.parameters.find(({ name }) => name.getText() === expression.text);
  const members = parameter?.type && ts.isUnionTypeNode(parameter.type) ? parameter.type.types : [];
  const fromType = members.filter(ts.isLiteralTypeNode).map(({ literal }) => literal.text);
  return parameter?.initializer && ts.isStringLiteral(parameter.initializer) ? [parameter.initializer.text] : fromType;
}

function yes(expression) {
  if (expression.kind === ts.SyntaxKind.TrueKeyword) return 'yes';
  return expression.kind === ts.SyntaxKind.FalseKeyword ? 'no' : 'depends';
}

function merge(one, other) {
  return one === other ? one : 'depends';
}

/** The message itself where it is constant and no class stands for it; else what documents the class or function. */
function sentenceAbout(node) {
  const message = ts.isObjectLiteralExpression(node) ? property(node, 'message') : undefined;
  const isOfClass = ts.findAncestor(node, ts.isClassDeclaration) !== undefined;
  if (!isOfClass && message !== undefined && ts.isStringLiteral(message)) return message.text;
  for (let at = node; at !== undefined; at = at.parent) {
    const [documentation] = ts.getJSDocCommentsAndTags(at).filter(ts.isJSDoc);
    const text = ts.getTextOfJSDocComment(documentation?.comment) ?? '';
    if (text !== '') return (/^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text).replaceAll(/\s+/g, ' ');
  }
  return '';
}

function visit(node, look) {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

const rows = collect().map(
  ([code, { texts, retryable }]) => `| \`${code}\` | ${[...texts].join(' ')} | ${retryable} |`,
);
const wanted = `${HEAD}${rows.join('\n')}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(target, wanted);
} else if (readFileSync(target, 'utf8') !== wanted) {
  console.error('docs/errors.md does not say what the sources say. Run: node tools/error-list.mjs');
  process.exit(1);
}
