/** Of a value that may have one of several forms, keeps what is wrong with the form that was meant. */
import type { ErrorObject } from 'ajv/dist/2020.js'

/**
 * The errors without those of forms that were not meant. ajv reports what failed in every branch of an anyOf or oneOf, in order, then the
 * anyOf itself; with a reference in between, no path says which error belongs to which branch.
 */
export function chooseBranch(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const kept: ErrorObject[] = []
  for (const error of errors) {
    // The error of the key itself follows, with its own pattern.
    if (error.keyword === 'propertyNames' || error.keyword === 'if') continue
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') kept.push(error)
    else kept.push(...meant(error, takeBelow(kept, error)))
  }
  return kept
}

/** Takes from the end of the list what was reported for this value and for what is in it. */
function takeBelow(kept: ErrorObject[], error: ErrorObject): ErrorObject[] {
  const path = error.instancePath
  const isBelow = (other: ErrorObject) => other.instancePath === path || other.instancePath.startsWith(`${path}/`)
  let start = kept.length
  while (start > 0 && isBelow(kept[start - 1]!)) start--
  return kept.splice(start)
}

function meant(choice: ErrorObject, below: readonly ErrorObject[]): readonly ErrorObject[] {
  const isWrongType = (error: ErrorObject) => error.keyword === 'type' && error.instancePath === choice.instancePath
  const groups = byBranch(
    choice,
    below.filter((error) => !isWrongType(error)),
  )
  const nearest = groups.toSorted((a, b) => misfits(choice, a) - misfits(choice, b) || a.length - b.length)[0]
  if (nearest !== undefined) return nearest
  const types = new Set(
    below.filter(isWrongType).flatMap((error) => (error.params as { type: string | string[] }).type),
  )
  // More than one branch of oneOf fits, or none says why it does not: the choice speaks for itself.
  if (types.size === 0) return [choice]
  return [{ ...choice, keyword: 'type', params: { type: [...types] } }]
}

/** What is wrong with the value as a whole: keys that it lacks, or that have no place in it. */
function misfits(choice: ErrorObject, errors: readonly ErrorObject[]): number {
  return errors.filter((error) => isOfValue(choice, error)).length
}

/**
 * Within a branch ajv speaks of the value first, then of what is in it. So a new branch begins with an error of the value that follows one of its
 * parts or comes from another schema, and with an error of a part that the branch before has no place for.
 */
function byBranch(choice: ErrorObject, errors: readonly ErrorObject[]): ErrorObject[][] {
  const groups: ErrorObject[][] = []
  for (const error of errors) {
    const group = groups.at(-1)
    if (group === undefined || isNew(choice, error, group)) groups.push([error])
    else group.push(error)
  }
  return groups
}

function isNew(choice: ErrorObject, error: ErrorObject, group: readonly ErrorObject[]): boolean {
  const last = group.at(-1)!
  if (isOfValue(choice, error)) return !isOfValue(choice, last) || last.parentSchema !== error.parentSchema
  const key = error.instancePath.slice(choice.instancePath.length).split('/')[1]
  return group.some(({ params }) => (params as { additionalProperty?: string }).additionalProperty === key)
}

function isOfValue(choice: ErrorObject, error: ErrorObject): boolean {
  return error.instancePath === choice.instancePath && error.propertyName === undefined
}
