import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, ValidationTypes } from 'class-validator';

/** A class of which `new` needs no argument and gives the defaults of its fields. */
export type DtoClass = new () => object;

/** How to make an instance of one DTO class out of received data; worked out once per class. */
interface DtoPlan {
  readonly fields: readonly string[];
  readonly nested: ReadonlyMap<string, DtoClass>;
}

const plans = new Map<DtoClass, DtoPlan>();

/**
 * Copies the declared fields of `value` into a new `dtoClass`; a field without a decorator is left behind, so no unknown
 * field ever reaches a handler. Fields marked `@ValidateNested()` with `@Type()` become instances too. Nothing else is
 * touched: class-transformer would copy every buffer and take a Uint8Array apart, key by key.
 */
export function toDto(dtoClass: DtoClass, value: object): object {
  // By key and not by Reflect, which asks the engine's slow side for every field.
  const dto = new dtoClass() as Record<string, unknown>;
  const source = value as Readonly<Record<string, unknown>>;
  const { fields, nested } = planOf(dtoClass);
  for (const field of fields) {
    if (!Object.hasOwn(value, field)) continue;
    const received = source[field];
    const nestedClass = nested.get(field);
    dto[field] = nestedClass === undefined ? received : toNested(nestedClass, received);
  }
  return dto;
}

/** Classes of the fields that are DTOs themselves, or lists of such. */
export function nestedClassesOf(dtoClass: DtoClass): ReadonlyMap<string, DtoClass> {
  return planOf(dtoClass).nested;
}

/** Whether `value` is what a message's data has to be: fields by name, not a list, binary, or null. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function toNested(dtoClass: DtoClass, received: unknown): unknown {
  if (Array.isArray(received)) return received.map((item: unknown) => toNested(dtoClass, item));
  // What is no object stays as it came: the validator names the field.
  return isPlainObject(received) ? toDto(dtoClass, received) : received;
}

function planOf(dtoClass: DtoClass): DtoPlan {
  let plan = plans.get(dtoClass);
  if (plan === undefined) {
    plan = makePlan(dtoClass);
    plans.set(dtoClass, plan);
  }
  return plan;
}

function makePlan(dtoClass: DtoClass): DtoPlan {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dtoClass, '', false, false);
  if (rules.length === 0) throw new Error(`${dtoClass.name} has no validated field: it is no DTO class.`);
  const nested = rules.filter(({ type }) => type === ValidationTypes.NESTED_VALIDATION);
  return {
    fields: [...new Set(rules.map(({ propertyName }) => propertyName))],
    nested: new Map(nested.map(({ propertyName }) => [propertyName, nestedClassOf(dtoClass, propertyName)])),
  };
}

/** The class named by `@Type()`: only class-transformer knows it, and tells by what it makes of an empty object. */
function nestedClassOf(dtoClass: DtoClass, field: string): DtoClass {
  const probe: unknown = Reflect.get(plainToInstance(dtoClass, { [field]: {} }), field);
  if (!isPlainObject(probe)) return (probe as object).constructor as DtoClass;
  throw new Error(`${dtoClass.name}.${field} has @ValidateNested() but no @Type(() => Class).`);
}
