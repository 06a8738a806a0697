import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { netId, type File, type Renderer, type Text } from '../../renderers/renderer.ts'
import { TemplateError } from '../../renderers/template.ts'
import { canonicalJson, sortedKeys } from '../../scripts/lib/bundle/canonical.ts'
import { emptyRendering, renderLab } from '../../scripts/lib/bundle/render.ts'
import { assertContract } from '../contracts/contract.ts'
import { file, foot, guest, host, lab, part, toy } from './sample.ts'

const secret = { secret: 'toy.password', kind: 'vrrp-password', half: 'whole' } as const

function rulesOf(files: readonly File[]): readonly string[] {
  const { findings } = renderLab(lab([host('n1')]), [toy(() => [part('toy', files)])], {})
  return findings.map(({ rule }) => rule)
}

function hashOf(one: File, fingerprints: Record<string, string> = {}): string {
  const { rendering } = renderLab(lab([host('n1')]), [toy(() => [part('toy', [one])])], fingerprints)
  return rendering.hosts['n1']?.parts[0]?.files[0]?.renderHash ?? ''
}

test('a rendering keeps its contract', () => {
  const parts = () => [
    part('toy.b', [file('/etc/b', ['x ', secret, '\n', { serial: 'toy' }, '\n'])]),
    part('toy.a', [file('/etc/a')]),
  ]
  const groups: Renderer['groups'] = () => [
    {
      id: 'toy',
      kind: 'quorum',
      minimum: 1,
      soakSeconds: 1,
      agree: [],
      members: [{ id: 'toy@n1', host: 'n1', votes: 1, needs: [['net:inner@n1']], provides: [], up: [] }],
    },
  ]
  const { rendering, findings } = renderLab(lab([host('n1'), guest('g', 'n1')]), [toy(parts, { groups })], {})
  assert.equal(findings, [])
  assertContract('rendering', rendering)
  for (const bundle of Object.values(rendering.hosts)) assertContract('manifest', bundle)
  assertContract('rendering', emptyRendering('none'))
  assert.throws(() => assertContract('rendering', { ...rendering, more: 1 }))
})

test('parts are sorted by id, files by path, and equal content is held once', () => {
  const parts = () => [part('toy.z', [file('/etc/b'), file('/etc/a', ['te', 'xt\n'])]), part('toy.a', [file('/etc/c')])]
  const { rendering } = renderLab(lab([host('n1'), host('n2')]), [toy(parts)], {})
  const bundle = rendering.hosts['n1']
  assert.equal(
    bundle?.parts.map(({ id }) => id),
    ['toy.a', 'toy.z'],
  )
  assert.equal(
    bundle?.parts[1]?.files.map(({ path }) => path),
    ['/etc/a', '/etc/b'],
  )
  assert.equal(Object.values(rendering.contents), [['text\n']])
})

test('the order of keys in the lab and of the registry makes no difference to a byte', () => {
  const settings: Renderer['settings'] = (given) =>
    Object.fromEntries(
      Object.keys(given.hosts).map((name) => [
        name,
        { hosts: Object.keys(given.hosts), own: given.services['toy'] ?? null },
      ]),
    )
  const parts = (name: string) => [part('toy', [file('/etc/toy', [`${name}\n`])])]
  const second = { ...toy((name) => [part('other', [file('/etc/other', [`${name}\n`])])]), service: 'other' }
  const render = (names: readonly string[], keys: readonly string[], registry: readonly Renderer[]) => {
    const own = Object.fromEntries(keys.map((key) => [key, { b: 1, a: [2] }]))
    const given = lab(
      names.map((name) => host(name)),
      { services: { toy: own, other: {} } },
    )
    return JSON.stringify(renderLab(given, registry, {}).rendering)
  }
  const registry = [toy(parts, { settings }), second]
  const names = ['n1', 'n2', 'n3', 'n10']
  const expected = render(names, ['x', 'y', 'z'], registry)
  fc.assert(
    fc.property(
      fc.shuffledSubarray(names, { minLength: 4 }),
      fc.shuffledSubarray(['x', 'y', 'z'], { minLength: 3 }),
      (some, keys) => {
        assert.is(render(some, keys, registry.toReversed()), expected)
      },
    ),
  )
})

test('mode, owner, text and the fingerprint of a secret in it each change the hash; where the text was cut into pieces does not', () => {
  const plain = hashOf(file('/etc/a', ['x ', secret, '\n']))
  const others = [
    hashOf(file('/etc/a', ['y ', secret, '\n'])),
    hashOf(file('/etc/a', ['x ', secret, '\n'], { mode: '0600' })),
    hashOf(file('/etc/a', ['x ', secret, '\n'], { owner: 'root:adm' })),
    hashOf(file('/etc/a', ['x ', secret, '\n']), { 'toy.password': 'f00' }),
    hashOf(file('/etc/a', ['x <secret toy.password>\n'])),
  ]
  assert.is(new Set([plain, ...others]).size, 6)
  assert.is(hashOf(file('/etc/a', ['', 'x', ' ', secret, '', '\n'])), plain)
  assert.is(hashOf(file('/etc/a', ['x ', secret, '\n']), { other: 'f00' }), plain)
})

test('on pmxcfs, which decides about mode and owner itself, these do not change the hash', () => {
  const one = file('/etc/pve/a', ['x\n'], { store: 'pmxcfs' })
  assert.is(hashOf(one), hashOf({ ...one, mode: '0600', owner: 'root:www-data' }))
})

test('a secret without a fingerprint is unset, also when its name is that of an object member', () => {
  const hole = { secret: 'constructor', kind: 'text', half: 'whole' } as const
  const { rendering } = renderLab(lab([host('n1')]), [toy(() => [part('toy', [file('/etc/a', [hole, '\n'])])])], {})
  assert.is(canonicalJson(rendering.secrets), '{"constructor":{"fingerprint":"unset","kind":"text"}}')
})

for (const path of [
  'etc/a',
  '/etc/../a',
  '/etc//a',
  '/etc/./a',
  '/etc/a/',
  '/',
  '',
  '/etc/a b',
  '/etc/ä',
  '/etc/a\n',
  '/etc/$(x)',
  `/${'a'.repeat(256)}`,
]) {
  test(`the path ${JSON.stringify(path.slice(0, 20))} is refused`, () =>
    assert.equal(rulesOf([file(path)]), ['illegal-path']))
}

const wrong: readonly [string, File, string][] = [
  ['in the folder of our own state', file('/var/lib/quorate/a'), 'reserved-path'],
  ['in /proc', file('/proc/sys/a'), 'reserved-path'],
  ['where the manifest is written', file('/manifest.json'), 'reserved-path'],
  ['below /etc/pve but said to be on disk', file('/etc/pve/a'), 'path-outside-store'],
  ['on disk but said to be on pmxcfs', file('/etc/a', ['x\n'], { store: 'pmxcfs' }), 'path-outside-store'],
  ['with a mode that is no mode', file('/etc/a', ['x\n'], { mode: '644' }), 'illegal-mode'],
  ['with a setuid mode', file('/etc/a', ['x\n'], { mode: '4755' }), 'illegal-mode'],
  ['with an owner that is a command', file('/etc/a', ['x\n'], { owner: 'root:$(x)' }), 'illegal-owner'],
  ['that is empty', file('/etc/a', ['']), 'empty-file'],
  ['without a final newline', file('/etc/a', ['x']), 'no-final-newline'],
  ['that ends with a password', file('/etc/a', ['x\n', secret]), 'no-final-newline'],
  [
    'over 1 MiB on pmxcfs',
    file('/etc/pve/a', [`${'ä'.repeat(524_288)}\n`], { store: 'pmxcfs' }),
    'too-large-for-pmxcfs',
  ],
]
const number: Text = ['version: ', { serial: 'n' }, '\n']
const copy = (path: string) => ({ path, mode: '0644', owner: 'root:root', acts: [] })
const copied: typeof wrong = [
  ['on disk with a copy', file('/etc/a', number, { copy: copy('/etc/b') }), 'illegal-copy'],
  [
    'on pmxcfs with a copy there',
    file('/etc/pve/a', number, { store: 'pmxcfs', copy: copy('/etc/pve/b') }),
    'illegal-copy',
  ],
  [
    'with a copy that has no number',
    file('/etc/pve/a', ['x\n'], { store: 'pmxcfs', copy: copy('/etc/b') }),
    'illegal-copy',
  ],
]
for (const [title, one, rule] of [...wrong, ...copied])
  test(`a file ${title} is a finding`, () => assert.equal(rulesOf([one]), [rule]))

test('a file that ends with a key is fine, because a key ends with a newline', () => {
  assert.equal(rulesOf([file('/etc/a', ['x\n', { secret: 'k', kind: 'rsa-key-pair', half: 'public' }])]), [])
})

test('1 MiB exactly is fine on pmxcfs, and more than that is fine on disk', () => {
  assert.equal(rulesOf([file('/etc/pve/a', [`${'a'.repeat(1_048_575)}\n`], { store: 'pmxcfs' })]), [])
  assert.equal(rulesOf([file('/etc/a', [`${'a'.repeat(1_048_576)}\n`])]), [])
})

test('two parts that claim one path are a finding that names both, at the place in the lab', () => {
  const at = { file: 'services/toy.yaml', path: ['x'] }
  const parts = [part('toy.a', [file('/etc/a')]), part('toy.b', [file('/etc/a', ['other\n'], { from: [at] })])]
  const [finding, ...more] = renderLab(lab([host('n1')]), [toy(() => parts)], {}).findings
  assert.equal(more, [])
  assert.is(finding?.rule, 'path-claimed-twice')
  assert.match(finding?.message ?? '', /toy\.a and by toy\.b/)
  assert.equal(finding?.at, at)
})

test('a file below another file is a finding', () => {
  assert.equal(rulesOf([file('/etc/a'), file('/etc/a/b')]), ['path-below-a-file'])
  assert.equal(rulesOf([file('/etc/a'), file('/etc/ab/c')]), [])
})

test('a secret used as two kinds is a finding', () => {
  assert.equal(rulesOf([file('/etc/a', [secret, '\n']), file('/etc/b', [{ ...secret, kind: 'text' }, '\n'])]), [
    'secret-of-two-kinds',
  ])
})

test('a host that gets files but has no address to reach it by is a finding; one without files is not', () => {
  const far = host('far', { addresses: { inner: foot('inner', '10.0.0.1') } })
  const parts = (name: string) => (name === 'far' ? [part('toy', [file('/etc/a')])] : [])
  assert.equal(
    renderLab(lab([far]), [toy(parts)], {}).findings.map(({ rule }) => rule),
    ['no-way-to-host'],
  )
  assert.equal(renderLab(lab([far]), [toy(() => [])], {}).findings, [])
})

test('what a template refuses is a finding; what a renderer does wrong is an error', () => {
  const failing = (error: Error) =>
    toy(() => {
      throw error
    })
  const { findings } = renderLab(lab([host('n1')]), [failing(new TemplateError('a.njk', 3, '"x" is not defined'))], {})
  assert.equal(
    findings.map(({ rule }) => rule),
    ['not-renderable'],
  )
  assert.match(findings[0]?.message ?? '', /a\.njk:3: "x" is not defined/)
  assert.throws(() => renderLab(lab([host('n1')]), [failing(new TypeError('oops'))], {}), /oops/)
  assert.throws(() => renderLab(lab([host('n1')]), [toy(() => [part('toyish', [])])], {}), /toyish/)
  assert.throws(() => renderLab(lab([host('n1')]), [toy(() => [part('toy', []), part('toy', [])])], {}), /unique/)
  assert.throws(() => renderLab(lab([host('n1')]), [toy(() => [], { settings: () => ({ n9: {} }) })], {}), /"n9"/)
})

test('a renderer whose service the lab does not run is not asked', () => {
  const settings = () => {
    throw new Error('asked')
  }
  assert.equal(
    renderLab(lab([host('n1')], { services: {} }), [toy(() => [], { settings })], {}).rendering.hosts['n1']?.parts,
    [],
  )
})

test('a node is reached at its management addresses, a guest through its own node first and then the others in its network', () => {
  const outside = host('n0', { addresses: { public: foot('public', '198.51.100.9') } })
  const { rendering } = renderLab(lab([outside, host('n1'), host('n2'), host('n3'), guest('g', 'n2')]), [], {})
  assert.equal(rendering.hosts['n1']?.way, {
    addresses: ['198.51.100.2'],
    port: 22,
    user: 'root',
    via: [],
    carriers: [{ net: 'net:public@n1', interface: null }],
  })
  assert.equal(rendering.hosts['g']?.way, {
    addresses: ['10.0.0.99'],
    port: 22,
    user: 'root',
    via: ['n2', 'n1', 'n3'],
    carriers: [{ net: 'net:inner@n2', interface: null }],
  })
})

test("a guest's feet hang on its node, and its groups are kept with both", () => {
  const { rendering } = renderLab(lab([host('n1'), host('n2'), guest('g', 'n2')]), [], {})
  const member = rendering.hosts['g']?.groups[0]?.members[0]
  assert.equal(member?.needs, [[netId('inner', 'n2')]])
  assert.equal(member?.provides, [netId('inner', 'g')])
  assert.equal(
    rendering.hosts['n2']?.groups.map(({ id, minimum }) => [id, minimum]),
    [['guest@g', 0]],
  )
  assert.equal(rendering.hosts['n1']?.groups, [])
})

test('the rendering is JSON: reading what was printed gives an equal one', () => {
  const { rendering } = renderLab(lab([host('n1'), guest('g', 'n1')]), [toy(() => [part('toy', [file('/etc/a')])])], {})
  assert.is(canonicalJson(JSON.parse(JSON.stringify(sortedKeys(rendering)))), canonicalJson(rendering))
})

test.run()
