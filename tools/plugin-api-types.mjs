// node tools/plugin-api-types.mjs: writes dist/plugin-api.d.ts, everything that authors of plugins import, as one file.
// Declarations are emitted in memory, then those that the entry reaches are gathered, by the compiler's own knowledge of names.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = path.join(root, 'libs/plugin-api/src/index.ts');
const target = path.join(root, 'dist/plugin-api.d.ts');
const HEAD = `// What plugins of Panal import from "panal/plugin-api". Made by tools/plugin-api-types.mjs; see docs/plugins.md.
/// <reference types="node" />
`;

const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
const checked = {
  ...options,
  types: ['node'],
  noEmit: false,
  declaration: true,
  emitDeclarationOnly: true,
  noCheck: true,
  sourceMap: false,
};

/** The declarations of all sources the entry reaches, by the path of what would be their file. */
function emitDeclarations() {
  const texts = new Map();
  const program = ts.createProgram([entry], { ...checked, outDir: root });
  const { diagnostics } = program.emit(undefined, (file, text) => texts.set(path.resolve(file), text));
  if (diagnostics.length > 0)
    fail(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')));
  return texts;
}

/** A program of the declarations alone: our sources are hidden from it. */
function programOf(texts) {
  const isOurs = (file) => !path.relative(root, file).startsWith('..') && !file.includes('/node_modules/');
  const known = (file) => texts.get(path.resolve(file));
  const base = ts.createCompilerHost(checked);
  const host = {
    ...base,
    fileExists: (file) =>
      known(file) !== undefined || (!(isOurs(file) && file.endsWith('.ts')) && base.fileExists(file)),
    readFile: (file) => known(file) ?? base.readFile(file),
    getSourceFile: (file, ...rest) => {
      const text = known(file);
      if (text === undefined) return base.getSourceFile(file, ...rest);
      return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    },
  };
  const paths = { '@panal/*': ['./libs/*/src/index.d.ts'] };
  return ts.createProgram(
    [entry.replace(/\.ts$/, '.d.ts')],
    { ...checked, paths, emitDeclarationOnly: false, noEmit: true },
    host,
  );
}

/** Gathers statements by following names from the exports of the entry. */
class Gatherer {
  /** Our statements, in order of finding. */
  statements = new Map();
  /** What comes from packages: names by module. */
  imports = new Map();

  constructor(program) {
    this.checker = program.getTypeChecker();
    this.source = program.getSourceFile(entry.replace(/\.ts$/, '.d.ts'));
    this.exports = this.checker.getExportsOfModule(this.checker.getSymbolAtLocation(this.source));
  }

  run() {
    for (const symbol of this.exports) this.take(this.resolved(symbol), symbol.name);
    return this;
  }

  resolved(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  take(symbol, name) {
    for (const declaration of symbol.declarations ?? []) {
      const statement = topLevel(declaration);
      if (!isGathered(statement) || this.statements.has(statement)) continue;
      if (declaration.name?.text !== name)
        fail([`${name} has the name ${declaration.name?.text} where it is declared`]);
      this.statements.set(statement, name);
      this.follow(statement);
    }
  }

  /** Names a statement uses. */
  follow(node) {
    if (ts.isImportTypeNode(node)) fail([`${node.getText()}: write the type down where it is inferred`]);
    if (ts.isIdentifier(node)) this.use(node);
    ts.forEachChild(node, (child) => this.follow(child));
  }

  use(identifier) {
    const symbol = this.checker.getSymbolAtLocation(identifier);
    if (symbol === undefined) return;
    const target = this.resolved(symbol);
    const declaration = target.declarations?.[0];
    if (declaration === undefined) return;
    const statement = topLevel(declaration);
    if (isGathered(statement)) {
      if (declaration.parent === statement.parent || ts.isVariableDeclaration(declaration))
        this.take(target, identifier.text);
      return;
    }
    const clause = (symbol.declarations ?? [])
      .map((each) => ts.findAncestor(each, ts.isImportDeclaration))
      .find(Boolean);
    if (clause === undefined) return;
    const module = clause.moduleSpecifier.text;
    this.imports.set(module, (this.imports.get(module) ?? new Set()).add(identifier.text));
  }
}

function inOrder(a, b) {
  return a < b ? -1 : 1;
}

function topLevel(node) {
  return ts.findAncestor(node, (each) => each.parent !== undefined && ts.isSourceFile(each.parent)) ?? node;
}

function isGathered(statement) {
  const file = statement.getSourceFile().fileName;
  return (
    file.endsWith('.d.ts') &&
    path.resolve(file).startsWith(path.join(root, 'libs')) &&
    !ts.isImportDeclaration(statement) &&
    !ts.isExportDeclaration(statement)
  );
}

function rollUp({ statements, imports, exports }) {
  const exported = new Set(exports.map(({ name }) => name));
  const names = [...statements.values()];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) fail([`two different things are called ${twice}: rename one`]);
  const texts = [...statements]
    .sort(([, a], [, b]) => (a < b ? -1 : 1))
    .map(([statement, name]) => textOf(statement, exported.has(name)));
  const lines = [...imports]
    .sort(([a], [b]) => inOrder(a, b))
    .map(([module, used]) => `import type { ${[...used].sort(inOrder).join(', ')} } from '${module}';`);
  return `${HEAD}${lines.join('\n')}\n\n${texts.join('\n\n')}\n\nexport {};\n`;
}

function textOf(statement, isExported) {
  const text = statement.getSourceFile().text.slice(statement.getFullStart(), statement.end).trim();
  const bare = text.replace(/^((?:\/\*[\s\S]*?\*\/\s*|\/\/[^\n]*\n\s*)*)export\s+(?:declare\s+)?/, '$1');
  const start = bare.match(/^(?:\/\*[\s\S]*?\*\/\s*|\/\/[^\n]*\n\s*)*/)[0].length;
  const declaration = bare.slice(start).replace(/^declare\s+/, '');
  const isType = /^(?:interface|type)\b/.test(declaration);
  return `${bare.slice(0, start)}${isExported ? 'export ' : ''}${isType ? '' : 'declare '}${declaration}`;
}

function fail(messages) {
  console.error(`plugin-api-types: ${messages.join('\n')}`);
  process.exit(1);
}

if (!existsSync(entry)) fail([`there is no ${entry}`]);
const text = rollUp(new Gatherer(programOf(emitDeclarations())).run());
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
}
