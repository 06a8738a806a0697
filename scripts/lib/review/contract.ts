/** The contracts of the documents that comments and issues are made from. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import changes from './contracts/changes.schema.json' with { type: 'json' }
import drift from './contracts/drift.schema.json' with { type: 'json' }
import outcome from './contracts/outcome.schema.json' with { type: 'json' }
import problems from './contracts/problems.schema.json' with { type: 'json' }
import rehearsal from './contracts/rehearsal.schema.json' with { type: 'json' }
import rollout from './contracts/rollout.schema.json' with { type: 'json' }

const schemas = { changes, drift, outcome, problems, rehearsal, rollout }

export type ContractName = keyof typeof schemas

/** The first thing in which a document is not what its contract promises, in a sentence; null where it keeps it. */
export function breachOf(name: ContractName, document: unknown): string | null {
  const validate = validatorOf(name)
  if (validate(document)) return null
  const { instancePath = '', message = 'it is something else' } = validate.errors?.[0] ?? {}
  return `${instancePath === '' ? 'the document' : instancePath} ${message}`
}

const validators = new Map<ContractName, ValidateFunction>()

function validatorOf(name: ContractName): ValidateFunction {
  // A test holds the schemas against their meta-schema. Without allErrors: the first breach is enough, and a stranger's document may have a million.
  const made = new Ajv2020({ strict: true, allowUnionTypes: true, validateSchema: false, meta: false })
  const validate = validators.get(name) ?? made.compile(schemas[name])
  validators.set(name, validate)
  return validate
}
