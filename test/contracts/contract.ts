/** Holds a JSON document against its contract, <name>.schema.json here or, where quorate reads it again itself, in scripts/lib/review/contracts. */
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'

const folders = ['.', '../../scripts/lib/review/contracts/'].map((path) => new URL(path, import.meta.url))
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true })
for (const folder of folders) {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.schema.json'))) {
    ajv.addSchema(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as object, file.replace('.schema.json', ''))
  }
}

/** Throws with every difference when the document is not what its contract promises. */
export function assertContract(name: string, document: unknown): void {
  const validate = ajv.getSchema(name)
  if (validate === undefined) throw new Error(`there is no ${name}.schema.json`)
  // What is promised is what a reader of the printed JSON sees.
  if (validate(JSON.parse(JSON.stringify(document)))) return
  const errors = (validate.errors ?? []).map(
    (error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
  )
  throw new Error(`the document breaks the contract "${name}":\n${errors.join('\n')}`)
}
