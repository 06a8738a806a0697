/** The registry, what its schemas promise, and what holds for every renderer alike. */
import { readFile, readdir } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalJson } from '../../scripts/lib/bundle/canonical.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { readSources } from '../../scripts/lib/definition/source.ts'
import { renderers } from '../../renderers/index.ts'
import { quiet, serviceOf, template, type Lab, type Renderer } from '../../renderers/renderer.ts'
import { changed } from './changed.ts'
import { labIn } from './lab-folder.ts'

const example = await labIn('example')
const top = new URL('../../', import.meta.url)

test('the registry is sorted, and every folder is in it', async () => {
  const services = renderers.map(({ service }) => service)
  assert.equal(services, services.toSorted())
  const entries = await readdir(new URL('renderers/', top), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  assert.equal(services, folders.toSorted())
})

test('no renderer knows another, and a service has one line in the registry', async () => {
  for (const { service } of renderers) {
    const files = await readdir(new URL(`renderers/${service}/`, top))
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const text = await readFile(new URL(`renderers/${service}/${file}`, top), 'utf8')
      for (const other of renderers.filter((one) => one.service !== service)) {
        assert.not.match(text, `'../${other.service}/`, `${service}/${file} imports ${other.service}`)
      }
    }
  }
})

for (const { service, schema } of renderers) {
  test(`the schema of ${service} is strict, and every property of it is described`, () => {
    assert.not.throws(() => new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema))
    for (const [name, property] of properties(schema)) {
      assert.type((property as { description?: unknown }).description, 'string', `${service}: ${name}`)
    }
    assert.not.match(JSON.stringify(schema), '"\\$ref"')
  })
}

test('a new service is one folder and one line: nothing else has to know it', async () => {
  const sources = await readSources(new URL('lab', top).pathname)
  const more = [...sources, { path: 'services/toy.yaml', text: 'greeting: hello\n' }]
  const { lab, problems } = define(more, 'lab', [...renderers, toy])
  assert.equal(problems, [])
  assert.ok(lab)
  const { rendering } = renderLab(lab, [...renderers, toy], {})
  const part = rendering.hosts['pve2']?.parts.find((one) => one.id === 'toy')
  assert.is(part?.files[0]?.path, '/etc/toy.conf')
})

test('keys in any order give the same settings, parts and groups', () => {
  const bytes = rendered(example)
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      assert.is(rendered({ ...shuffled(example, numbers), hosts: example.hosts, networks: example.networks }), bytes)
    }),
    { numRuns: 15 },
  )
})

test('no text of the lab, whatever it holds, adds a line of its own to a file', () => {
  for (const path of textsOf(example).filter(([first]) => first !== 'files')) {
    const lab = changed(example, path, 'x\nevil = 1')
    assert.not.match(linesOf(lab), /^\s*evil = 1/m, path.join('.'))
  }
})

test('a renderer that prints a value unguarded would be found', () => {
  const lab = changed(example, ['files', 'nodes/etc/sysctl.d/60-forwarding.conf'], 'x\nevil = 1')
  assert.match(linesOf(lab), /^evil = 1/m)
})

/** What all renderers make of a lab; empty for those that refuse it. */
function linesOf(lab: Lab): string {
  return renderers
    .map((renderer) => {
      try {
        return texts(renderer, lab)
      } catch {
        return ''
      }
    })
    .join('\n')
}

function texts(renderer: Renderer, lab: Lab): string {
  return Object.entries(renderer.settings(lab))
    .flatMap(([host, settings]) => renderer.parts(host, settings))
    .flatMap((part) => part.files)
    .map((file) => file.text.map((one) => (typeof one === 'string' ? one : '')).join(''))
    .join('\n')
}

function rendered(lab: Lab): string {
  const all = renderers.map((renderer) => {
    const settings = renderer.settings(lab)
    const hosts = Object.keys(settings).toSorted()
    const parts = hosts.map((host) => renderer.parts(host, settings[host] ?? null))
    return [parts, renderer.groups(Object.fromEntries(hosts.map((host) => [host, settings[host] ?? null])))]
  })
  return canonicalJson(all)
}

/** The same with the keys of every map in another order. */
function shuffled<T>(value: T, numbers: fc.Stream<number>): T {
  if (Array.isArray(value)) return value.map((one: unknown) => shuffled(one, numbers)) as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => ({
    key,
    one: shuffled(one as unknown, numbers),
    at: numbers.next().value ?? 0,
  }))
  return Object.fromEntries(entries.toSorted((a, b) => a.at - b.at).map(({ key, one }) => [key, one])) as T
}

/** The ways to every text in the lab. */
function textsOf(value: unknown, way: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value === 'string') return [way]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => textsOf(one, [...way, Array.isArray(value) ? Number(key) : key]))
}

function properties(schema: unknown): readonly (readonly [string, unknown])[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = Object.entries((schema as { properties?: object }).properties ?? {})
  return [...own, ...Object.values(schema).flatMap(properties)]
}

type ToySettings = { readonly greeting: string }

const toy: Renderer<ToySettings> = {
  service: 'toy',
  version: 1,
  schema: {
    title: 'Toy',
    description: 'A service for this test.',
    type: 'object',
    additionalProperties: false,
    required: ['greeting'],
    properties: { greeting: { title: 'Greeting', description: 'What it says.', type: 'string' } },
  },
  problems: () => [],
  settings: (lab) =>
    Object.fromEntries(
      Object.keys(lab.hosts).map((host) => [host, serviceOf<ToySettings>(lab, 'toy') ?? { greeting: '' }]),
    ),
  parts: (_host, settings) => [
    {
      id: 'toy',
      layer: 1,
      reach: 'host',
      files: [
        {
          path: '/etc/toy.conf',
          mode: '0644',
          owner: 'root:root',
          store: 'disk',
          text: template({ name: 'toy.njk', text: 'say {{ greeting }}\n' }, settings),
          from: [{ file: 'services/toy.yaml', path: ['greeting'] }],
          onChange: quiet,
        },
      ],
      onRemove: quiet,
      needs: { packages: {}, directories: [] },
      check: [],
      probe: [],
    },
  ],
  groups: () => [],
  transition: () => ({ kind: 'rolling' }),
}

test.run()
