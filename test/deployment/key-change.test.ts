/** A host of a VPN gets another key, on simulated hosts. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tinc } from '../../renderers/tinc/index.ts'
import type { Lab } from '../../renderers/renderer.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Secrets } from '../../scripts/lib/bundle/fill.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import { startBench, type Bench } from './bench.ts'
import { disturbed, type Disturbance } from './disturbance.ts'
import { remainsOn, untilQuiet } from './remains.ts'
import { smallLab } from './small-lab.ts'

const hosts = ['n1', 'n2', 'n3'] as const
const key = 'tinc.mesh.n2'

/** Before and after: the same lab, of which one key has another value. */
interface Side {
  readonly rendering: Rendering
  readonly secrets: Secrets
}

const test = suite<{ bench: Bench; sides: { old: Side; young: Side } }>('a new key')

test.before(async (context) => {
  const made = new Map<string, string>()
  const old = { rendering: rendered('old'), secrets: standInSecrets(made) }
  for (const host of hosts) old.secrets.value(`tinc.mesh.${host}`, 'rsa-key-pair', 'private')
  const others = [...made].filter(([id]) => !id.endsWith(key))
  context.sides = { old, young: { rendering: rendered('young'), secrets: standInSecrets(new Map(others)) } }
  context.bench = await startBench(old.rendering, 40, [tinc], { keepaliveMs: 150 })
  const { exit, failure } = await context.bench.deploy(old.rendering, { secrets: old.secrets })
  assert.is(exit, 0, JSON.stringify(failure))
})
test.after(({ bench }) => bench.close())

/** Which side's key the files of a host have, of its own or of its peer; "mixed" where the halves are of two sides. */
function keysOf(bench: Bench, sides: { old: Side; young: Side }): readonly string[] {
  return hosts.map((host) => {
    const read = (path: string) => readFileSync(join(bench.lab.folder(host), path), 'utf8')
    const half = host === 'n2' ? 'private' : 'public'
    const text = host === 'n2' ? read('etc/tinc/mesh/rsa_key.priv') : read('etc/tinc/mesh/hosts/n2')
    const found = (['old', 'young'] as const).find((side) =>
      text.includes(sides[side].secrets.value(key, 'rsa-key-pair', half).trim()),
    )
    return found ?? 'none'
  })
}

test('the peers get the public half, the host the private one, and all of them hear each other', async ({
  bench,
  sides,
}) => {
  const begin = bench.events.length
  const outcome = await bench.deploy(sides.young.rendering, { secrets: sides.young.secrets })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(keysOf(bench, sides), ['young', 'young', 'young'])
  assert.ok(bench.events.slice(begin).some((event) => event.kind === 'phase' && event.phase === 'confirmed'))
  const again = await bench.deploy(sides.young.rendering, { secrets: sides.young.secrets })
  assert.equal(
    Object.values(again.hosts).map(({ outcome: end }) => end),
    ['unchanged', 'unchanged', 'unchanged'],
  )
})

test('secrets that were only encrypted again change nothing, though several keys have other ciphertexts', async ({
  bench,
  sides,
}) => {
  const again = rendered('again', 'again')
  const outcome = await bench.deploy(again, { secrets: sides.young.secrets })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  assert.equal(outcome.steps, [])
})

/** The same files, and a part that does not get well with them. */
function unwell(rendering: Rendering): Rendering {
  const probe = { title: 'it is as it should be', run: ['test', '-e', '/nowhere'], exit: [0], withinSeconds: 2 }
  const bundles = Object.entries(rendering.hosts).map(([host, bundle]) => {
    return [host, { ...bundle, parts: bundle.parts.map((part) => ({ ...part, probe: [probe] })) }] as const
  })
  return { ...rendering, hosts: Object.fromEntries(bundles) }
}

test('what does not get well is taken back on all of them, and they hear each other with the old key', async ({
  bench,
  sides,
}) => {
  const outcome = await bench.deploy(unwell(sides.old.rendering), { secrets: sides.old.secrets })
  assert.is(outcome.exit, 3, JSON.stringify(outcome))
  assert.equal(keysOf(bench, sides), ['young', 'young', 'young'])
  for (const host of hosts) assert.is(outcome.hosts[host]?.outcome, 'reverted')
  const again = await bench.deploy(sides.young.rendering, { secrets: sides.young.secrets })
  assert.is(again.exit, 0, JSON.stringify(again.failure))
})

/** n3 is a peer as n1 is. A death before a message is one after the message before. */
const cases = (['n1', 'n2'] as const).flatMap((host) =>
  ['arm', 'activate', 'prepare', 'confirm']
    .filter((verb) => host !== 'n2' || verb !== 'prepare')
    .flatMap((verb): readonly Disturbance[] => [
      { kind: 'fault', fault: 'killed', when: 'after', at: { host, verb, nth: 1 } },
      { kind: 'fault', fault: 'restarted', when: 'after', at: { host, verb, nth: 1 } },
    ]),
)

test('killed or restarted at every message that counts, one more run makes all alike', async ({ bench, sides }) => {
  for (const each of cases) {
    const side = keysOf(bench, sides)[0] === 'old' ? 'young' : 'old'
    const how = { secrets: sides[side].secrets, leaseSeconds: 45 }
    const lab = { bench, clock: bench.lab.clock, note: () => {} }
    const { isMet } = await disturbed(lab, each, sides[side].rendering, how)
    const what = JSON.stringify(each)
    assert.ok(isMet, what)
    await untilQuiet(bench.lab, hosts)
    const last = await bench.deploy(sides[side].rendering, how)
    assert.is(last.exit, 0, `${what}: ${JSON.stringify(last.failure)}`)
    assert.equal(keysOf(bench, sides), [side, side, side], what)
    for (const host of hosts) assert.equal(remainsOn(bench.lab.folder(host)), [], what)
  }
})

function rendered(fingerprint: string, others = 'x'): Rendering {
  const plain = smallLab(hosts)
  const own = (index: number) => `10.9.0.${index + 1}`
  const entries = Object.values(plain.hosts).map((host, index) => {
    const mesh = { addresses: [{ ip: own(index), prefix: 24, family: 4 as const }] }
    return [host.name, { ...host, addresses: { ...host.addresses, mesh } }] as const
  })
  const [network] = Object.values(plain.networks)
  if (network === undefined) throw new Error('the small lab has no network')
  const lab = {
    ...plain,
    networks: {
      ...plain.networks,
      mesh: { ...network, name: 'mesh', carrier: 'tinc', interface: 'mesh', bridge: null, subnets: ['10.9.0.0/24'] },
    },
    hosts: Object.fromEntries(entries),
    services: { tinc: { over: 'public', networks: { mesh: { port: 655 } } } },
  } as unknown as Lab
  const ids = hosts.map((host) => [`tinc.mesh.${host}`, host === 'n2' ? fingerprint : others])
  return renderLab(lab, [tinc], Object.fromEntries(ids)).rendering
}

test.run()
