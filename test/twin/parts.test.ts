import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newKeyPair } from '../../scripts/lib/twin/embedded/server.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import { bareGuest, bareNode } from '../../scripts/lib/twin/bare.ts'
import { faultText, readFault } from '../../scripts/lib/twin/fault.ts'
import { answersOf, questionsFor } from '../../scripts/lib/twin/host-sampler.ts'
import { packagesOf } from '../../scripts/lib/twin/image.ts'
import { wiringOf } from '../../scripts/lib/twin/wiring.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import { renderers } from '../../renderers/index.ts'
import { labIn } from '../renderers/lab-folder.ts'

const nodes = ['pve1', 'pve2']

test('a fault is read with its host, its step and its phase, and has defaults for all three', () => {
  assert.equal(readFault('node-killed:pve2@3.activated', nodes), {
    name: 'node-killed',
    host: 'pve2',
    step: 3,
    phase: 'activated',
  })
  assert.equal(readFault('deployer-killed', nodes), { name: 'deployer-killed', host: null, step: 1, phase: 'armed' })
  assert.is(faultText(readFault('wan-cut:pve1@2', nodes)), 'wan-cut of pve1 at step 2, armed')
})

test('a fault of a unit is laid before the step is armed, unless somebody wants it earlier', () => {
  assert.is(readFault('config-refused', nodes).phase, 'gated')
  assert.is(readFault('unit-dies@2', nodes).phase, 'gated')
  assert.is(readFault('unit-dies@2.staged', nodes).phase, 'staged')
})

for (const [text, why] of [
  ['meteor', 'there is no fault "meteor"'],
  ['node-killed:pve9', '"pve9" is no node'],
  ['node-killed@1.soon', 'a step has no phase "soon"'],
  ['node-killed@x', 'there is no fault'],
  ['unit-dies@1.armed', 'unit-dies has to be laid before the step is armed, and "armed" is too late'],
  ['config-refused@1.confirmed', 'config-refused has to be laid before the step is armed'],
] as const) {
  test(`a fault that makes no sense is refused before anything is built: ${text}`, () => {
    assert.throws(
      () => readFault(text, nodes),
      (error: unknown) => error instanceof FailureError && error.exit === 2 && error.failure.what.includes(why),
    )
  })
}

test('a bare node has its public address and nothing of the lab’s own networks', async () => {
  const lab = await labIn('example')
  const key = newKeyPair()
  const [node] = wiringOf([lab]).nodes
  if (node === undefined) throw new Error('no node')
  const files = bareNode(node, { hostKey: key, clientKey: key.publicKey, ifupdown: true, authkey: null })
  const interfaces = files.find(({ path }) => path === '/etc/network/interfaces')?.content
  assert.is(
    interfaces,
    `auto lo
iface lo inet loopback

iface eno1 inet manual

auto vmbr0
iface vmbr0 inet static
	address 198.51.100.11/24
	gateway 198.51.100.1
	bridge-ports eno1
	bridge-stp off
	bridge-fd 0
iface vmbr0 inet6 static
	address 2001:db8:1::11/64
	gateway 2001:db8:1::1
`,
  )
  assert.equal(
    files.filter(({ content }) => String(content).includes('10.0.')).map(({ path }) => path),
    [],
  )
  assert.equal(
    files.filter(({ mode }) => mode === 0o600).map(({ path }) => path),
    ['/etc/ssh/ssh_host_ed25519_key', '/root/.ssh/authorized_keys'],
  )
})

test('a guest goes out by the virtual router', async () => {
  const key = newKeyPair()
  const [guest] = wiringOf([await labIn('example')]).guests
  if (guest === undefined) throw new Error('no guest')
  const files = bareGuest(guest, { hostKey: key, clientKey: key.publicKey, ifupdown: false, authkey: null })
  assert.match(String(files.find(({ path }) => path.endsWith('10-eth0.network'))?.content), 'Gateway=10.0.1.1\n')
})

test('an image has what the parts need, on top of a bare server and nothing else', async () => {
  const { rendering } = renderLab(await labIn('example'), renderers, {})
  const of = (kind: string) => packagesOf(Object.values(rendering.hosts).filter((bundle) => bundle.kind === kind))
  assert.equal(of('guest'), [
    'bind9-dnsutils',
    'dbus',
    'dnsmasq',
    'iproute2',
    'openssh-server',
    'procps',
    'systemd',
    'systemd-sysv',
  ])
  assert.ok(of('node').includes('tinc'))
  assert.not.ok(of('node').includes('dnsmasq'))
})

test('a machine is asked what its members’ own probes ask, and not what depends on the others', async () => {
  const { rendering } = renderLab(await labIn('example'), renderers, {})
  const [own] = questionsFor(rendering.hosts['pve1']?.groups ?? []).filter(({ host }) => host === 'pve1')
  const runs = own?.members.flatMap(({ probes }) => probes.map(({ run }) => run[0])) ?? []
  assert.ok(runs.includes('corosync-quorumtool'))
  assert.not.ok(runs.includes('ping'))
})

test('what the sampler prints becomes one sample a round for each member, and a cut-off end is left out', () => {
  const probe = (run: readonly string[]) => ({ title: run.join(' '), run, exit: [0], withinSeconds: 0 })
  const questions = {
    host: 'a',
    members: [
      { id: 'one@a', probes: [probe(['x'])] },
      { id: 'two@a', probes: [probe(['x']), probe(['y', 'z'])] },
    ],
    agreements: [
      { group: 'g', agreement: { title: 'who', run: ['y', 'z'], pick: '^owner (\\S+)', across: 'one' as const } },
    ],
  }
  const text =
    '\u001e10.00 0 0\nfine\n\u001e10.10 1 1\nowner me\n\u001e11.00 0 0\n\n\u001e11.10 1 0\nnobody\n\u001e12.00 0'
  const { series, said } = answersOf(text, questions, 1000)
  assert.equal(
    series.map(({ id, samples }) => [id, samples]),
    [
      [
        'one@a',
        [
          { at: 11_100, well: true },
          { at: 12_100, well: true },
        ],
      ],
      [
        'two@a',
        [
          { at: 11_100, well: false },
          { at: 12_100, well: true },
        ],
      ],
    ],
  )
  assert.equal(said[0]?.words, [
    { at: 11_100, picked: 'me' },
    { at: 12_100, picked: '' },
  ])
})

test.run()
