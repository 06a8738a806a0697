/** Holds what a file says against its part of the schema. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { Finding, Renderer } from '../../../renderers/renderer.ts'
import { chooseBranch } from './branch.ts'
import { complaint, meantKey } from './complaint.ts'
import { assembleSchema } from './schema.ts'

/** Checks one file's value against one entry of $defs; every mistake at once. */
export type SchemaCheck = (def: string, file: string, value: unknown) => readonly Finding[]

/** Words for editors, which mean nothing to a validator. */
const annotations = ['defaultSnippets', 'enumDescriptions', 'markdownDescription', 'markdownEnumDescriptions']

const checks = new WeakMap<object, SchemaCheck>()

/** Compiles a part of the schema only when a file needs it, and once per registry. */
export function schemaCheck(renderers: readonly Pick<Renderer, 'service' | 'schema'>[]): SchemaCheck {
  const check = checks.get(renderers) ?? compile(renderers)
  checks.set(renderers, check)
  return check
}

function compile(renderers: readonly Pick<Renderer, 'service' | 'schema'>[]): SchemaCheck {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    verbose: true,
    // A test holds the assembled schema against its meta-schema; doing it again in every run costs 40 ms.
    validateSchema: false,
    meta: false,
    // Each part is run once or twice, so that optimizing costs more than it brings.
    code: { optimize: false },
  })
  ajv.addVocabulary(annotations)
  ajv.addSchema(assembleSchema(renderers), 'lab')
  return (def, file, value) => {
    const validate = ajv.getSchema(`lab#/$defs/${def}`)
    if (validate === undefined) throw new Error(`lab.schema.json has no $defs/${def}`)
    return validate(value) === true ? [] : complaints(file, value, validate.errors ?? [])
  }
}

function complaints(file: string, value: unknown, errors: readonly ErrorObject[]): readonly Finding[] {
  const said = new Map<string, Finding>()
  for (const error of withoutEchoes(chooseBranch(errors))) {
    const finding = complaint(file, value, error)
    const key = JSON.stringify([finding.at.path, finding.onKey ?? false, finding.message])
    if (!said.has(key)) said.set(key, finding)
  }
  return [...said.values()]
}

/** A misspelt key is one mistake, though the key that was meant is missing, too. */
function withoutEchoes(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unknown = errors.filter(({ keyword }) => keyword === 'additionalProperties')
  return errors.filter(({ keyword, instancePath, params }) => {
    if (keyword !== 'required') return true
    const missing = (params as { missingProperty: string }).missingProperty
    return !unknown.some((other) => other.instancePath === instancePath && meantKey(other) === missing)
  })
}
