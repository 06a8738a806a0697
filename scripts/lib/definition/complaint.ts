/** Says in words what ajv found. */
import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Finding } from '../../../renderers/renderer.ts'
import { nearest } from '../../../renderers/nearest.ts'
import { shown } from './shown.ts'

interface Words {
  readonly rule: string
  readonly message: string
  readonly help: string
}

interface Schema {
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly enum?: readonly unknown[]
  readonly examples?: readonly unknown[]
  readonly $ref?: string
}

/** What is wrong with which value, and what to do; the place is a key where the key is what is wrong or what holds too little. */
export function complaint(file: string, root: unknown, error: ErrorObject): Finding {
  const path = steps(error.instancePath)
  const base = { severity: 'error', ...inWords(error, path, root) } as const
  const { additionalProperty } = error.params as { additionalProperty?: string }
  const key = error.propertyName ?? additionalProperty
  if (key !== undefined) return { ...base, at: { file, path: [...path, key] }, onKey: true }
  const { i, j } = error.params as { i?: number; j?: number }
  if (i !== undefined && j !== undefined) return { ...base, at: { file, path: [...path, Math.max(i, j)] } }
  const onKey = error.keyword === 'required' || error.keyword === 'dependentRequired'
  return { ...base, at: { file, path }, ...(onKey ? { onKey } : {}) }
}

/** Of an unknown key: the known one that was meant. */
export function meantKey({ params, parentSchema }: ErrorObject): string | null {
  const key = (params as { additionalProperty: string }).additionalProperty
  return nearest(key, Object.keys((parentSchema as Schema).properties ?? {}))
}

function inWords(error: ErrorObject, path: readonly string[], root: unknown): Words {
  const schema = error.parentSchema as Schema
  const value: unknown = error.propertyName ?? error.data
  const say = Object.hasOwn(sayings, error.keyword) ? sayings[error.keyword] : undefined
  if (say === undefined) {
    const message = `${shown(value)} is not allowed here: it ${error.message ?? 'breaks the schema'}`
    return { rule: 'not-allowed', message, help: about(schema) }
  }
  return say({ schema, value, params: error.params as Params, where: holder(path, root) })
}

type Params = Readonly<Record<string, unknown>>

interface Case {
  readonly schema: Schema
  readonly value: unknown
  readonly params: Params
  /** The map that holds too much or too little, in words. */
  readonly where: string
}

const sayings: Readonly<Record<string, (found: Case) => Words>> = {
  additionalProperties: unknownKey,
  unevaluatedProperties: unknownKey,
  required: ({ schema, params, where }) => missingKey(schema, String(params['missingProperty']), where),
  dependentRequired: ({ schema, params, where }) => missingKey(schema, String(params['missingProperty']), where),
  type: ({ schema, value, params }) => wrongType(schema, value, [params['type']].flat() as string[]),
  enum: ({ schema, value }) => notListed(schema, value, (schema.enum ?? []).map(String)),
  const: ({ schema, value, params }) => notListed(schema, value, [String(params['allowedValue'])]),
  pattern: ({ schema, value, params }) => ({
    rule: 'malformed',
    message: `${shown(value)} is not accepted as ${name(schema) ?? String(params['pattern'])}`,
    help: about(schema),
  }),
  minimum: ({ schema, value, params }) => outOfRange(schema, `${shown(value)} is less than ${String(params['limit'])}`),
  maximum: ({ schema, value, params }) => outOfRange(schema, `${shown(value)} is more than ${String(params['limit'])}`),
  exclusiveMinimum: ({ schema, value, params }) =>
    outOfRange(schema, `${shown(value)} is not more than ${String(params['limit'])}`),
  exclusiveMaximum: ({ schema, value, params }) =>
    outOfRange(schema, `${shown(value)} is not less than ${String(params['limit'])}`),
  minLength: ({ schema, value, params }) => wrongLength(schema, value, 'needs at least', params, characters),
  maxLength: ({ schema, value, params }) => wrongLength(schema, value, 'may have at most', params, characters),
  minItems: ({ schema, value, params }) => wrongLength(schema, value, 'needs at least', params, entries),
  maxItems: ({ schema, value, params }) => wrongLength(schema, value, 'may have at most', params, entries),
  minProperties: ({ schema, value, params }) => wrongLength(schema, value, 'needs at least', params, entries),
  maxProperties: ({ schema, value, params }) => wrongLength(schema, value, 'may have at most', params, entries),
  uniqueItems: ({ value, params }) => ({
    rule: 'duplicate-entry',
    message: `${shown((value as unknown[])[Number(params['i'])])} is in the list twice`,
    help: 'remove one of the two',
  }),
}

function unknownKey({ schema, params, where }: Case): Words {
  const key = String(params['additionalProperty'] ?? params['unevaluatedProperty'])
  const known = Object.keys(schema.properties ?? {})
  const meant = nearest(key, known)
  const help = meant === null ? `allowed here: ${known.toSorted().join(', ')}` : `did you mean "${meant}"?`
  return { rule: 'unknown-key', message: `there is no key ${shown(key)} in ${where}`, help }
}

function missingKey(schema: Schema, key: string, where: string): Words {
  const wanted = schema.properties?.[key]
  const description = wanted?.description ?? wanted?.title ?? ''
  const help = `add "${key}:"${description === '' ? '' : ` (${description.replace(/\.$/, '')})`}`
  return { rule: 'missing-key', message: `the key "${key}" is missing in ${where}`, help }
}

function wrongType(schema: Schema, value: unknown, types: readonly string[]): Words {
  const names = types.map((type) => typeNames[type] ?? type)
  const wanted = names.length > 2 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}` : names.join(' or ')
  const isNumber = typeof value === 'number' || typeof value === 'boolean'
  const quotes = isNumber && types.includes('string') ? 'put it in quotes. ' : ''
  const isEmpty = value === null || value === undefined
  return {
    rule: 'wrong-type',
    message: isEmpty
      ? `there is nothing here; it has to be ${wanted}`
      : `${typeof value === 'number' ? 'the number ' : ''}${shown(value)} is not ${wanted}`,
    help: `${quotes}${about(schema)}`,
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'nothing',
}

function notListed(schema: Schema, value: unknown, allowed: readonly string[]): Words {
  const meant = typeof value === 'string' ? nearest(value, allowed) : null
  const help = meant === null ? about(schema) : `did you mean "${meant}"?`
  const message = `${shown(value)} is not ${allowed.length === 1 ? '' : 'one of '}${allowed.join(', ')}`
  return { rule: 'not-allowed', message, help }
}

function outOfRange(schema: Schema, message: string): Words {
  return { rule: 'out-of-range', message, help: about(schema) }
}

function wrongLength(schema: Schema, value: unknown, bound: string, params: Params, [one, many]: Noun): Words {
  const length = typeof value === 'string' ? Array.from(value).length : Object.keys(value as object).length
  const has = length === 0 ? `no ${one}` : `${length} ${length === 1 ? one : many}`
  const message = `${shown(value)} has ${has}; it ${bound} ${String(params['limit'])}`
  return { rule: 'wrong-length', message, help: about(schema) }
}

/** One and many of it. */
type Noun = readonly [string, string]
const characters: Noun = ['character', 'characters']
const entries: Noun = ['entry', 'entries']

/** The schema's own words; a schema that says nothing is no help, but its examples may be. */
function about(schema: Schema): string {
  const text = schema.description ?? schema.title
  if (text !== undefined)
    return [schema.title, schema.description]
      .filter((part) => part !== undefined)
      .join(': ')
      .replace(/\.$/, '')
  const example = schema.examples?.[0]
  return example === undefined ? 'see lab.schema.json for what may stand here' : `for example ${shown(example)}`
}

function name(schema: Schema): string | undefined {
  return schema.title === undefined ? undefined : `"${schema.title}"`
}

function holder(path: readonly string[], root: unknown): string {
  const last = path.at(-1)
  if (last === undefined) return 'this file'
  if (!/^\d+$/.test(last)) return shown(last)
  const list: unknown = path.slice(0, -1).reduce((value, step) => (value as Record<string, unknown>)[step], root)
  const of = path.at(-2) === undefined ? 'the list' : shown(path.at(-2))
  return Array.isArray(list) ? `entry ${Number(last) + 1} of ${of}` : shown(last)
}

function steps(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
