import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { schemaCheck } from '../../scripts/lib/definition/schema-check.ts'
import { assembleSchema } from '../../scripts/lib/definition/schema.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'

const kinds = ['lab', 'networks', 'node', 'guest']

test('lab.schema.json is what the base kinds and the services make of it (npm run schema)', () => {
  const kept = JSON.parse(readFileSync(join(packageRoot, 'lab.schema.json'), 'utf8')) as object
  assert.is(JSON.stringify(kept), JSON.stringify(assembleSchema(renderers)))
})

test('it is a valid schema, and every part of it can be compiled strictly', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
  assert.ok(ajv.validateSchema(assembleSchema(renderers)), ajv.errorsText())
  const check = schemaCheck(renderers)
  for (const def of [...kinds, ...renderers.map(({ service }) => service)]) check(def, 'file', {})
})

test('every kind of file and every key of the base kinds says what it is', () => {
  const { $defs } = assembleSchema(renderers) as { $defs: Record<string, unknown> }
  for (const def of [...kinds, ...renderers.map(({ service }) => service)]) {
    const { title, description } = $defs[def] as { title?: string; description?: string }
    assert.ok(title && description, `${def} has no title or description`)
  }
  for (const [name, def] of Object.entries($defs).filter(([of]) => kinds.includes(of) || of.startsWith('base.'))) {
    assert.equal(speechless(def, name, $defs), [])
  }
})

interface Node {
  readonly title?: string
  readonly description?: string
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, Node>>
}

function speechless(def: unknown, name: string, defs: Readonly<Record<string, unknown>>): readonly string[] {
  const { properties = {} } = def as Node
  return Object.entries(properties).flatMap(([key, schema]) => {
    const meant =
      schema.$ref === undefined ? schema : { ...(defs[schema.$ref.replace('#/$defs/', '')] as Node), ...schema }
    return [
      ...(meant.title !== undefined && meant.description !== undefined ? [] : [`${name}.${key}`]),
      ...speechless(schema, `${name}.${key}`, defs),
    ]
  })
}

test('definitions inside two services do not clash, and references follow them', () => {
  const part = (type: string) => ({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://example.org/x',
    type: 'object',
    properties: { size: { $ref: '#/$defs/size' }, again: { $ref: '#' } },
    $defs: { size: { type } },
  })
  const two = [
    { service: 'beta', schema: part('string') },
    { service: 'alpha', schema: part('integer') },
  ]
  const { $defs } = assembleSchema(two) as { $defs: Record<string, unknown> }
  assert.equal($defs['alpha.size'], { type: 'integer' })
  assert.equal($defs['beta'], {
    type: 'object',
    properties: { size: { $ref: '#/$defs/beta.size' }, again: { $ref: '#/$defs/beta' } },
  })
  const check = schemaCheck(two)
  assert.equal(check('alpha', 'f', { size: 1, again: { size: 2 } }), [])
  assert.is(check('beta', 'f', { again: { size: 2 } })[0]?.rule, 'wrong-type')
})

test('a service may not take the name of a kind of file', () => {
  assert.throws(() => assembleSchema([{ service: 'node', schema: {} }]), /"node"/)
})

test('of several forms, the one that was meant is explained', () => {
  const forms = {
    anyOf: [
      { type: 'string', pattern: '^a$', title: 'Letter' },
      {
        type: 'object',
        required: ['unit', 'do'],
        additionalProperties: false,
        properties: { unit: { type: 'string' }, do: { enum: ['start', 'stop'] } },
      },
      {
        type: 'object',
        required: ['run'],
        additionalProperties: false,
        properties: { run: { type: 'array', items: { type: 'string' } } },
      },
    ],
  }
  const check = schemaCheck([{ service: 'toy', schema: { type: 'object', additionalProperties: forms } }])
  const said = (value: unknown) => check('toy', 'f', { x: value }).map(({ rule, at }) => `${rule} ${at.path.join('.')}`)
  assert.equal(said('b'), ['malformed x'])
  assert.equal(said({ unit: 'a', do: 'strat' }), ['not-allowed x.do'])
  assert.equal(said({ run: [1] }), ['wrong-type x.run.0'])
  assert.equal(said({ run: ['a'], units: 'a' }), ['unknown-key x.units'])
  assert.equal(said(5), ['wrong-type x'])
  assert.equal(said({ run: ['a'] }), [])
})

test.run()
