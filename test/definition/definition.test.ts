import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDocument } from 'yaml'
import { renderers } from '../../renderers/index.ts'
import { doubt, mistake } from '../../renderers/mistake.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { readSources, type Source } from '../../scripts/lib/definition/source.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { brokenLabs, brokenSources, exampleSources } from './broken-lab.ts'

test('the example lab has no problems', async () => {
  const definition = define(await exampleSources(), 'lab', renderers)
  assert.equal(definition.problems, [])
  assert.is(definition.lab?.name, 'example')
  assert.is(definition.files, 15)
})

test('the labs that tests share have no errors', async () => {
  const folder = join(packageRoot, 'test', 'labs')
  for (const name of readdirSync(folder)) {
    const { problems } = define(await readSources(join(folder, name)), `test/labs/${name}`, renderers)
    assert.equal(
      problems.filter(({ severity }) => severity === 'error'),
      [],
    )
  }
})

test('what it says is resolved: spelling, prefixes, interfaces, defaults', async () => {
  const lab = define(await exampleSources(), 'lab', renderers).lab!
  assert.equal(lab.hosts['pve1']?.addresses['public'], {
    network: 'public',
    addresses: [
      { ip: '198.51.100.11', prefix: 24, family: 4 },
      { ip: '2001:db8:1::11', prefix: 64, family: 6 },
    ],
    gateways: ['198.51.100.1', '2001:db8:1::1'],
    port: 'eno1',
    line: null,
  })
  assert.equal(lab.hosts['pve1']?.addresses['cluster']?.addresses, [{ ip: '10.0.0.11', prefix: 24, family: 4 }])
  assert.equal([lab.hosts['dns1']?.platform, lab.hosts['pve1']?.platform], ['debian', 'proxmox'])
  assert.equal([lab.networks['cluster']?.interface, lab.networks['public']?.interface], ['cluster', null])
  assert.equal(lab.networks['services']?.router, ['10.0.1.1'])
})

test('what a line is like is in milliseconds and percent, and what is not said of it is nothing', async () => {
  const lineOf = async (line: string) => {
    const sources = (await exampleSources()).map(({ path, text }) => ({
      path,
      text: path === 'nodes/pve1.yaml' ? text.replace('    port: eno1', `    port: eno1\n    line: ${line}`) : text,
    }))
    const { lab, problems } = define(sources, 'lab', renderers)
    return lab?.hosts['pve1']?.addresses['public']?.line ?? problems.map(({ rule }) => rule)
  }
  assert.equal(await lineOf('{ latency: 12.5, loss: 0.5 }'), { latencyMs: 12.5, lossPercent: 0.5 })
  assert.equal(await lineOf('{ loss: 1 }'), { latencyMs: 0, lossPercent: 1 })
  assert.equal(await lineOf('{ latency: -1 }'), ['out-of-range'])
  assert.equal(await lineOf('{ latency: 12ms }'), ['wrong-type'])
})

test('every list of names is sorted, so that the order of files and keys means nothing', async () => {
  const sources = await exampleSources()
  const { lab } = define(sources, 'lab', renderers)
  const turned = sources
    .toReversed()
    .map(({ path, text }) => ({ path, text: path.startsWith('files/') ? text : keysTurned(text) }))
  assert.not.equal(
    turned.find(({ path }) => path === 'lab.yaml')?.text,
    sources.find(({ path }) => path === 'lab.yaml')?.text,
  )
  assert.is(JSON.stringify(define(turned, 'lab', renderers).lab), JSON.stringify(lab))
})

function keysTurned(text: string): string {
  const turn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turn)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([key, item]) => [key, turn(item)]),
    )
  }
  return JSON.stringify(turn(parseDocument(text).toJS()), null, 2)
}

test('files are named from the root of the repository', async () => {
  const sources = (await exampleSources()).filter(({ path }) => path !== 'lab.yaml')
  const fileIn = (labPath: string) => define(sources, labPath, renderers).problems[0]?.file
  assert.is(fileIn('labs/two'), 'labs/two/lab.yaml')
  assert.is(fileIn(''), 'lab.yaml')
})

test('a finding of a later stage gets its place, too', async () => {
  const definition = define(await exampleSources(), 'lab', renderers)
  const finding = { rule: 'x', severity: 'error', message: 'm', help: 'h' } as const
  const place = (file: string, path: (string | number)[], onKey = false) => {
    const { problems } = definition.withFindings([{ ...finding, at: { file, path }, onKey }])
    return problems.map(({ line, column, length }) => [line, column, length])[0]
  }
  assert.equal(place('nodes/pve1.yaml', ['addresses', 'cluster']), [9, 12, 9])
  assert.equal(place('nodes/pve1.yaml', ['addresses', 'cluster'], true), [9, 3, 7])
  assert.equal(place('files/nodes/etc/nftables.conf.njk', []), [1, 1, 1])
  assert.equal(place('nodes/nobody.yaml', ['a']), [1, 1, 1])
})

test('a finding of a later stage stands among the others, and an error takes the lab back', async () => {
  const definition = define(await brokenSources('unexpected-file'), 'lab', renderers)
  const at = { file: 'lab.yaml', path: ['name'] }
  const files = definition.withFindings([mistake('x', at, 'm', 'h')]).problems.map(({ file }) => file)
  assert.equal(files, files.toSorted())
  assert.is.not(definition.lab, null)
  assert.is(definition.withFindings([mistake('x', at, 'm', 'h')]).lab, null)
  assert.is.not(definition.withFindings([doubt('x', at, 'm', 'h')]).lab, null)
})

test('a secret in clear is found in a lab with other mistakes', async () => {
  const sources = [...(await brokenSources('address-taken')), { path: 'secrets.yaml', text: 'a: { b: hunter2 }\n' }]
  const { problems } = define(sources, 'lab', renderers)
  assert.equal(
    problems.map(({ rule }) => rule),
    ['address-taken', 'secret-in-clear'],
  )
  assert.not.match(JSON.stringify(problems), 'hunter2')
})

test('columns count characters, also behind those that take two units', async () => {
  const sources = (await exampleSources()).map((source) =>
    source.path === 'lab.yaml'
      ? {
          path: 'lab.yaml',
          text: 'name: a\r\nplatform: debian\r\nmanagement: { network: public, "\u{1F600}": 1, port: x }\r\n',
        }
      : source,
  )
  const [face, port] = define(sources, 'lab', renderers).problems
  assert.equal([face?.line, face?.column, face?.length], [3, 32, 3])
  assert.equal([port?.line, port?.column, port?.length, port?.excerpt.endsWith('}')], [3, 46, 1, true])
})

test('a service that finds nothing wrong is asked nothing else about a lab with mistakes', async () => {
  const asked: string[] = []
  const toy = {
    ...renderers[0]!,
    service: 'toy',
    schema: { type: 'object' },
    problems: () => (asked.push('problems'), []),
    settings: () => (asked.push('settings'), {}),
    groups: () => [],
  }
  const sources = [...(await brokenSources('address-taken')), { path: 'services/toy.yaml', text: '{}' }]
  define(sources, 'lab', [...renderers, toy])
  assert.equal(asked, ['problems'])
})

test('the lab is handed out if and only if there is no error', async () => {
  for (const name of brokenLabs) {
    const { lab, problems } = define(await brokenSources(name), 'lab', renderers)
    assert.is(
      lab === null,
      problems.some(({ severity }) => severity === 'error'),
      name,
    )
  }
})

test('no YAML makes it throw, and whatever it says has a place and a remedy', async () => {
  const example = await exampleSources()
  const words = [...new Set(example.flatMap(({ text }) => text.split(/[\s,[\]{}]+/)))].filter((word) => word !== '')
  const junk = [
    '',
    '- ',
    '[',
    '{}',
    '~',
    '*a',
    '&a ',
    '<<: ',
    '"',
    "'",
    '\t',
    '\n',
    ': ',
    '\u0000',
    '1e999',
    '.nan',
    '-1',
    '__proto__: ',
    'a: b',
  ]
  const edit = fc.record({
    file: fc.nat(example.length - 1),
    line: fc.nat(20),
    how: fc.constantFrom('replace', 'insert', 'delete', 'word'),
    what: fc.constantFrom(...words, ...junk),
    where: fc.nat(40),
  })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      const sources = edits.reduce<readonly Source[]>(
        (all, { file, ...change }) =>
          all.map((source, index) => (index === file ? { ...source, text: edited(source.text, change) } : source)),
        example,
      )
      for (const { line, column, length, message, help, excerpt } of define(sources, 'lab', renderers).problems) {
        assert.ok(line > 0 && column > 0 && length > 0 && message !== '' && help !== '')
        assert.ok(Array.from(excerpt).length <= 120 && !/[\p{Cc}\p{Cf}]/u.test(excerpt + message + help), message)
      }
    }),
    { numRuns: 300 },
  )
})

interface Edit {
  readonly line: number
  readonly how: string
  readonly what: string
  readonly where: number
}

function edited(text: string, { line, how, what, where }: Edit): string {
  const lines = text.split('\n')
  const at = line % lines.length
  const old = lines[at]!
  if (how === 'delete') return lines.toSpliced(at, 1).join('\n')
  if (how === 'insert') return lines.with(at, old.slice(0, where) + what + old.slice(where)).join('\n')
  if (how === 'replace') return lines.with(at, what).join('\n')
  return lines.with(at, old.replace(/[^\s:]+$/, what)).join('\n')
}

test.run()
