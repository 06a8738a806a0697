/** What a template may do with a value: asked for every value that is printed, looked into, looped over or filtered. */
import { holeName, isHole, seal, sentinels } from './hole.ts'

/** What could end a line, in some program's eyes, or change how one reads: controls, separators, direction overrides, half characters. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u

/** A problem met while a template runs; `member` helps to find the line. `Update` and `lineno` make nunjucks pass it on as it is. */
export class Misuse extends Error {
  readonly lineno: number
  readonly member: string | null
  constructor(problem: string, lineno: number | null, asked: string | null = null) {
    super(problem)
    this.lineno = lineno ?? -1
    this.member = asked
  }
  Update(): this {
    return this
  }
}

/** The value as it is printed; throws a Misuse. `lineno`: from 0, as nunjucks counts. */
export function printable(value: unknown, lineno: number): string {
  const line = lineno + 1
  if (value === undefined || value === null) throw new Misuse('nothing is printed: the value is not there', line)
  if (isHole(value)) return seal(value)
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new Misuse(`${Array.isArray(value) ? 'a list' : 'a map'} is printed; print its members`, line)
  }
  const text = String(value)
  if (unprintable.test(text) || sentinels.test(text)) {
    throw new Misuse(`${JSON.stringify(text)} holds a line end or another character that may not be printed`, line)
  }
  return text
}

/** A member of a map or list; throws a Misuse where it is not there. */
export function member(target: unknown, key: unknown): unknown {
  const name = String(key)
  if (target === null || typeof target !== 'object') {
    throw new Misuse(
      `"${name}" is looked up in ${JSON.stringify(target) ?? 'nothing'}, which has no members`,
      null,
      name,
    )
  }
  if (isHole(target)) throw new Misuse(`"${name}" is looked up in a hole`, null, name)
  if (!Object.hasOwn(target, name)) {
    const there = Array.isArray(target) ? `a list of ${target.length}` : list(Object.keys(target))
    throw new Misuse(`"${name}" is not defined; there is ${there}`, null, name)
  }
  return (target as Record<string, unknown>)[name]
}

/** What a loop goes over; throws a Misuse. */
export function loopable(values: unknown): unknown {
  if (Array.isArray(values)) return values
  if (values === null || typeof values !== 'object' || isHole(values)) {
    throw new Misuse(`a loop over ${JSON.stringify(values)}, which is no list`, null)
  }
  // A loop with one name asks a map for its length, gets undefined and prints nothing.
  return new Proxy(values, {
    get(target, key) {
      if (key === 'length') throw new Misuse('a loop with one name over a map; take two: key, value', null)
      return Reflect.get(target, key) as unknown
    },
  })
}

/** Throws a Misuse for a value that a filter would swallow or cut. */
export function refuseInFilter(name: string, value: unknown): void {
  if (value === undefined || value === null) throw new Misuse(`nothing is given to the filter "${name}"`, null, name)
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const one of values) {
    if (isHole(one)) throw new Misuse(`${holeName(one)} is given to the filter "${name}"`, null, name)
    if (typeof one === 'object' && name !== 'length' && name !== 'first' && name !== 'last') {
      throw new Misuse(`a map is given to the filter "${name}"`, null, name)
    }
  }
}

/** Names, for a message. */
export function list(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.toSorted().join(', ')
}
