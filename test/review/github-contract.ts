/** Holds what is sent to GitHub against an excerpt of GitHub's own OpenAPI description: github-openapi.json says where that is from. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: object
}

interface Operation {
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly required?: boolean; readonly content: { readonly 'application/json': Media } }
}

interface Media {
  readonly schema: object
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

const { paths } = JSON.parse(readFileSync(new URL('github-openapi.json', import.meta.url), 'utf8')) as { paths: Paths }
const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes: false, validateFormats: false })

/** What a request breaks. `status`: what GitHub would answer it with; null where it breaks nothing. */
export interface Verdict {
  readonly status: 404 | 422 | null
  readonly breaches: readonly string[]
}

/** `path`: below the API's address, without a query. `body`: what the JSON says; undefined where none was sent. */
export function verdictOn(method: string, path: string, query: URLSearchParams, body: unknown): Verdict {
  const known = Object.entries(paths).find(([template, { [method.toLowerCase()]: operation }]) => {
    return operation !== undefined && fits(template, path)
  })
  const operation = known?.[1][method.toLowerCase()]
  if (operation === undefined) return { status: 404, breaches: [`GitHub's description has no ${method} ${path}`] }
  const breaches = [...queryBreaches(operation, query), ...bodyBreaches(operation, body)]
  return { status: breaches.length === 0 ? null : 422, breaches: breaches.map((each) => `${method} ${path}: ${each}`) }
}

/** Only the name of a ref may hold slashes. */
function fits(template: string, path: string): boolean {
  const pattern = template
    .replaceAll(/[.]/g, '\\.')
    .replaceAll('{ref}', '.+')
    .replaceAll(/\{[a-z_]+\}/g, '[^/]+')
  return new RegExp(`^${pattern}$`).test(path)
}

function queryBreaches({ parameters }: Operation, query: URLSearchParams): readonly string[] {
  return [...query].flatMap(([name, value]) => {
    const parameter = parameters.find((each) => each.in === 'query' && each.name === name)
    if (parameter === undefined) return [`there is no parameter ${name}`]
    const isNumber = 'type' in parameter.schema && parameter.schema.type === 'integer'
    return breachesOf(parameter.schema, isNumber ? Number(value) : value).map((breach) => `${name}: ${breach}`)
  })
}

function bodyBreaches({ requestBody }: Operation, body: unknown): readonly string[] {
  if (requestBody === undefined) return body === undefined ? [] : ['it takes no body']
  if (body === undefined) return requestBody.required === true ? ['it wants a body'] : []
  return breachesOf(requestBody.content['application/json'].schema, body)
}

function breachesOf(schema: object, value: unknown): readonly string[] {
  const validate = ajv.compile(asJsonSchema(schema) as object)
  if (validate(value)) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}

/**
 * JSON Schema of OpenAPI 3.0's. What GitHub does not name it takes without a word, and does nothing with it: here that is a breach, because it is a
 * typing error.
 */
function asJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(asJsonSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  const { nullable, properties, ...others } = schema as Readonly<Record<string, unknown>>
  const rest = Object.fromEntries(Object.entries(others).map(([key, value]) => [key, asJsonSchema(value)]))
  const named =
    typeof properties === 'object' && properties !== null
      ? {
          additionalProperties: false,
          properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, asJsonSchema(value)])),
        }
      : {}
  const whole = { ...named, ...rest }
  return nullable === true ? { anyOf: [{ type: 'null' }, whole] } : whole
}
