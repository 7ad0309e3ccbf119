import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { errorReport } from '@panal/runtime';
import { type ValidationError, validateSync } from 'class-validator';
import { MessageInvalidError } from '../errors.js';
import { isSurelySound } from './dto-check.js';
import { type DtoClass, type DtoPlan, dtoPlanOf, isPlainObject, toDto } from './dto-plan.js';

/** Enough to mend a message by; a hostile one could break a rule in every element of a long list. */
const PROBLEMS_MAX = 8;

const validatorOptions = {
  forbidUnknownValues: true,
  stopAtFirstError: true,
  // The report names fields and rules; what was sent may be large or secret.
  validationError: { target: false, value: false },
};

/** Parameters that need no class: the type itself is the whole rule. */
const scalars = new Map<unknown, (value: unknown) => boolean>([
  [String, (value) => typeof value === 'string'],
  [Number, (value) => typeof value === 'number'],
  [Boolean, (value) => typeof value === 'boolean'],
  [Uint8Array, (value) => value instanceof Uint8Array],
  [Buffer, (value) => Buffer.isBuffer(value)],
]);

/**
 * Checks the payload of a message against its DTO class (class-validator decorators) and drops unknown fields, at a tenth
 * of the cost of Nest's `ValidationPipe`. Synchronous rules only. Binary fields stay the bytes that came.
 * @throws RpcException with the report `message_invalid`, which names the fields
 */
export class DtoPipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type !== 'body') return value;
    // A handler without parameters: nobody looks at the payload, and nobody shall without checking it.
    if (metatype === undefined) return undefined;
    const isScalar = scalars.get(metatype);
    if (isScalar !== undefined) return checkScalar(value, isScalar, metatype.name);
    return checkDto(value, dtoPlanOf(dtoClassOf(metatype)));
  }
}

/** A payload without a class would let everything through, silently: that is a bug of the handler. */
function dtoClassOf(metatype: NonNullable<ArgumentMetadata['metatype']>): DtoClass {
  const noClass: readonly unknown[] = [Object, Function, Array, Promise];
  if (!noClass.includes(metatype)) return metatype as DtoClass;
  throw new Error(
    `The payload of a message handler has the type ${metatype.name} at run time: give it a DTO class, imported as a value (not with "import type").`,
  );
}

function checkScalar(value: unknown, isScalar: (value: unknown) => boolean, name: string): unknown {
  if (isScalar(value)) return value;
  throw invalid([], [`the data has to be of type ${name}`]);
}

function checkDto(value: unknown, plan: DtoPlan): object {
  if (!isPlainObject(value)) throw invalid([], ['the data has to be an object']);
  const dto = toDto(plan, value);
  if (isSurelySound(plan, dto)) return dto;
  const errors = validateSync(dto, validatorOptions);
  if (errors.length === 0) return dto;
  const problems = errors.flatMap((error) => problemsOf(error, ''));
  throw invalid(
    problems.map(({ field }) => field),
    problems.map(({ field, rule }) => `${field}: ${rule}`),
  );
}

function problemsOf(error: ValidationError, prefix: string): { field: string; rule: string }[] {
  const field = prefix === '' ? error.property : `${prefix}.${error.property}`;
  const rules = Object.values(error.constraints ?? {});
  return [
    ...rules.map((rule) => ({ field, rule })),
    ...(error.children ?? []).flatMap((child) => problemsOf(child, field)),
  ];
}

/** As an RpcException, because that passes Nest's own exception filter as it is. */
function invalid(fields: readonly string[], problems: readonly string[]): RpcException {
  const unsaid = problems.length - PROBLEMS_MAX;
  const said = [...problems.slice(0, PROBLEMS_MAX), ...(unsaid > 0 ? [`and ${unsaid} more`] : [])];
  return new RpcException(errorReport(new MessageInvalidError(fields.slice(0, PROBLEMS_MAX), said)));
}
