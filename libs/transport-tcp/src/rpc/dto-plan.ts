import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, ValidationTypes } from 'class-validator';

/** A class of which `new` needs no argument and gives the defaults of its fields. */
export type DtoClass = new () => object;

/** How to make an instance of one DTO class out of received data; worked out once per class. */
export interface DtoPlan {
  readonly dtoClass: DtoClass;
  readonly fields: readonly FieldPlan[];
}

interface FieldPlan {
  readonly field: string;
  /** Every object has such a field, its own or not. */
  readonly isEverywhere: boolean;
  /** The field is a DTO itself, or a list of such. */
  readonly nested: DtoPlan | undefined;
}

const plans = new Map<DtoClass, DtoPlan>();

/**
 * Copies the declared fields of `value` into a new `dtoClass`; a field without a decorator is left behind, so no unknown
 * field ever reaches a handler. Fields marked `@ValidateNested()` with `@Type()` become instances too. Nothing else is
 * touched: class-transformer would copy every buffer and take a Uint8Array apart, key by key.
 */
export function toDto({ dtoClass, fields }: DtoPlan, value: object): object {
  // By key and not by Reflect, which asks the engine's slow side for every field.
  const dto = new dtoClass() as Record<string, unknown>;
  const source = value as Readonly<Record<string, unknown>>;
  for (const { field, nested, isEverywhere } of fields) {
    const received = source[field];
    // A default of the class stays.
    if (received === undefined || (isEverywhere && !Object.hasOwn(value, field))) continue;
    dto[field] = nested === undefined ? received : toNested(nested, received);
  }
  return dto;
}

/** Whether `value` is what a message's data has to be: fields by name, not a list, binary, or null. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function toNested(nested: DtoPlan, received: unknown): unknown {
  if (Array.isArray(received)) return received.map((item: unknown) => toNested(nested, item));
  // What is no object stays as it came: the validator names the field.
  return isPlainObject(received) ? toDto(nested, received) : received;
}

/** @throws when the class has no rules at all: everything would pass. */
export function dtoPlanOf(dtoClass: DtoClass): DtoPlan {
  const known = plans.get(dtoClass);
  if (known !== undefined) return known;
  const fields: FieldPlan[] = [];
  const plan = { dtoClass, fields };
  // Before its fields are looked at: a class may be among those of its own fields.
  plans.set(dtoClass, plan);
  try {
    fields.push(...fieldPlansOf(dtoClass));
  } catch (error) {
    plans.delete(dtoClass);
    throw error;
  }
  return plan;
}

function fieldPlansOf(dtoClass: DtoClass): readonly FieldPlan[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dtoClass, '', false, false);
  if (rules.length === 0) throw new Error(`${dtoClass.name} has no validated field: it is no DTO class.`);
  const names = new Set(rules.map(({ propertyName }) => propertyName));
  const nested = new Set(
    rules.filter(({ type }) => type === ValidationTypes.NESTED_VALIDATION).map(({ propertyName }) => propertyName),
  );
  return [...names].map((field) => ({
    field,
    isEverywhere: field in Object.prototype,
    nested: nested.has(field) ? dtoPlanOf(nestedClassOf(dtoClass, field)) : undefined,
  }));
}

/** The class named by `@Type()`: only class-transformer knows it, and tells by what it makes of an empty object. */
function nestedClassOf(dtoClass: DtoClass, field: string): DtoClass {
  const probe: unknown = Reflect.get(plainToInstance(dtoClass, { [field]: {} }), field);
  if (!isPlainObject(probe)) return (probe as object).constructor as DtoClass;
  throw new Error(`${dtoClass.name}.${field} has @ValidateNested() but no @Type(() => Class).`);
}
