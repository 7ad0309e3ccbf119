import { getMetadataStorage, ValidationTypes, type ValidatorConstraintInterface } from 'class-validator';
import type { DtoClass, DtoPlan } from './dto-plan.js';

interface Rule {
  readonly constraint: ValidatorConstraintInterface;
  /** What the rule is asked with: one for all its questions, for each is answered at once and a message asks twenty. */
  readonly asked: { value: unknown; constraints: unknown[]; targetName: string; object: object; property: string };
}

/** What class-validator would ask about one field. */
interface FieldCheck {
  readonly field: string;
  /** When one says no, nothing else is asked, as with `@IsOptional()`. */
  readonly conditions: readonly ((dto: object, value: unknown) => boolean)[];
  readonly rules: readonly Rule[];
  readonly nested: DtoCheck | undefined;
}

/** Undefined fields: the class has rules of a kind that only class-validator itself follows. */
interface DtoCheck {
  readonly dtoClass: DtoClass;
  fields: readonly FieldCheck[] | undefined;
}

const NOTHING = {};

const checks = new Map<DtoPlan, DtoCheck>();

/**
 * Whether class-validator finds nothing wrong with a DTO, by asking its own rules, at a tenth of the cost: it looks all rules
 * up and makes an empty error for every field anew, each time. False says nothing: ask class-validator, which tells what is
 * wrong, if anything is.
 */
export function isSurelySound(plan: DtoPlan, dto: object): boolean {
  return isSound(checks.get(plan) ?? makeCheck(plan), dto);
}

function isSound({ fields }: DtoCheck, dto: object): boolean {
  if (fields === undefined) return false;
  for (const check of fields) if (!isFieldSound(check, dto)) return false;
  return true;
}

function isFieldSound({ field, conditions, rules, nested }: FieldCheck, dto: object): boolean {
  const value = (dto as Readonly<Record<string, unknown>>)[field];
  for (const condition of conditions) if (!condition(dto, value)) return true;
  for (const { constraint, asked } of rules) {
    asked.value = value;
    asked.object = dto;
    const isSound = constraint.validate(value, asked) === true;
    // Nothing of the message stays behind.
    asked.value = undefined;
    asked.object = NOTHING;
    if (!isSound) return false;
  }
  if (nested === undefined || value === undefined) return true;
  if (!Array.isArray(value)) return isNestedSound(nested, value);
  for (const item of value) if (!isNestedSound(nested, item)) return false;
  return true;
}

function isNestedSound(nested: DtoCheck, value: unknown): boolean {
  return value instanceof nested.dtoClass && value.constructor === nested.dtoClass && isSound(nested, value);
}

function makeCheck(plan: DtoPlan): DtoCheck {
  const check: DtoCheck = { dtoClass: plan.dtoClass, fields: undefined };
  // Before its fields are looked at: a class may be among those of its own fields.
  checks.set(plan, check);
  check.fields = fieldChecksOf(plan);
  return check;
}

function fieldChecksOf({ dtoClass, fields: plans }: DtoPlan): readonly FieldCheck[] | undefined {
  const storage = getMetadataStorage();
  const byField = storage.groupByPropertyName(storage.getTargetValidationMetadatas(dtoClass, '', false, false));
  const fields: FieldCheck[] = [];
  for (const { field, nested } of plans) {
    const conditions: FieldCheck['conditions'][number][] = [];
    const rules: Rule[] = [];
    for (const { type, each, validateIf, constraintCls, constraints = [] } of byField[field] ?? []) {
      if (type === ValidationTypes.NESTED_VALIDATION) continue;
      if (type === ValidationTypes.CONDITIONAL_VALIDATION) {
        conditions.push(constraints[0]);
        continue;
      }
      if (type !== ValidationTypes.CUSTOM_VALIDATION || each || validateIf !== undefined) return undefined;
      for (const { async, instance } of storage.getTargetValidatorConstraints(constraintCls)) {
        if (async) return undefined;
        const asked = { value: undefined, constraints, targetName: dtoClass.name, object: NOTHING, property: field };
        rules.push({ constraint: instance, asked });
      }
    }
    const nestedCheck = nested === undefined ? undefined : (checks.get(nested) ?? makeCheck(nested));
    fields.push({ field, conditions, rules, nested: nestedCheck });
  }
  return fields;
}
