import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { readSources } from '../../scripts/lib/definition/source.ts'
import { plan } from '../../scripts/lib/rollout/plan.ts'

const { lab } = define(await readSources('lab'), 'lab', renderers)
const all = [
  'keepalived.services.password',
  ...['pve1', 'pve2', 'pve3'].flatMap((node) => [`tinc.cluster.${node}`, `tinc.services.${node}`]),
]

/** The example lab with every secret's ciphertext "old", but for these. */
function withSecrets(changed: Readonly<Record<string, string>>): Rendering {
  if (lab === null) throw new Error('the example lab has errors')
  const fingerprints = { ...Object.fromEntries(all.map((id) => [id, 'old'])), ...changed }
  return renderLab(lab, renderers, fingerprints).rendering
}

function planned(before: Rendering, after: Rendering) {
  return plan(before, after, compare(before, after), renderers, { last: [] })
}

test('the example lab has the secrets that this test changes', () => {
  assert.equal(Object.keys(withSecrets({}).secrets).toSorted(), all.toSorted())
})

const young = { 'keepalived.services.password': 'new' }

test('a changed VRRP password is changed on all its hosts in one step', () => {
  const result = planned(withSecrets({}), withSecrets(young))
  if (result.kind !== 'rollout') throw new Error('it was refused')
  const steps = result.rollout.waves.flat()
  assert.is(steps.length, 1)
  assert.equal(Object.keys(steps[0]?.lockstep?.stop ?? {}), ['pve2', 'pve3'])
})

test('a shared secret whose service does not move all its hosts together is refused', () => {
  const without = renderers.map((each) =>
    each.service === 'keepalived' ? { ...each, transition: () => ({ kind: 'rolling' }) as const } : each,
  )
  const [before, after] = [withSecrets({}), withSecrets(young)]
  const result = plan(before, after, compare(before, after), without, { last: [] })
  if (result.kind !== 'refused') throw new Error('it was planned')
  assert.is(result.refusals.length, 1)
  assert.match(result.refusals[0]?.why ?? '', 'keepalived.services.password changed, and pve1, pve2, pve3 share it')
})

test('a changed VPN key is changed in one step: its peers get the public half, then its host the private one', () => {
  const result = planned(withSecrets({}), withSecrets({ 'tinc.cluster.pve2': 'new' }))
  if (result.kind !== 'rollout') throw new Error('it was refused')
  const steps = result.rollout.waves.flat()
  assert.is(steps.length, 1)
  assert.equal(steps[0]?.lockstep, { inCharge: 'pve2', isLast: true, stop: {}, apartSeconds: 5 })
  const told = steps[0]?.writes.map(({ host, acts }) => [host, acts.length > 0] as const)
  assert.equal(
    told?.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['pve1', false],
      ['pve2', true],
      ['pve3', false],
    ],
  )
  assert.ok(steps[0]?.interrupts.includes('net:cluster@pve2'))
  assert.not.ok(steps[0]?.interrupts.includes('net:cluster@pve1'), 'its peers keep their sessions')
})

test('a certificate that hosts share is renewed on one after the other, and each is told to read it', async () => {
  const front = define(await readSources('test/labs/front'), 'lab', renderers).lab
  if (front === null) throw new Error('the lab "front" has errors')
  const sides = ['old', 'new'].map(
    (fingerprint) => renderLab(front, renderers, { 'haproxy.certificates.front': fingerprint }).rendering,
  )
  const result = planned(sides[0]!, sides[1]!)
  if (result.kind !== 'rollout') throw new Error(result.refusals[0]?.why)
  assert.equal(
    result.rollout.waves.map((wave) =>
      wave.flatMap(({ writes }) => writes.map(({ host, acts }) => [host, acts.at(-1)])),
    ),
    [[['edge2', { unit: 'haproxy.service', do: 'reload' }]], [['edge1', { unit: 'haproxy.service', do: 'reload' }]]],
  )
})

for (const [what, secrets] of [
  ['two keys of one VPN', { 'tinc.cluster.pve2': 'new', 'tinc.cluster.pve3': 'new' }],
  ['keys of two VPNs', { 'tinc.cluster.pve2': 'new', 'tinc.services.pve2': 'new' }],
] as const) {
  test(`${what} at the same time are refused`, () => {
    const result = planned(withSecrets({}), withSecrets(secrets))
    if (result.kind !== 'refused') throw new Error('it was planned')
    assert.match(result.refusals[0]?.why ?? '', 'change at the same time')
    assert.match(result.refusals[0]?.waysOut.join(' ') ?? '', 'one key in a commit of its own')
  })
}

test('secrets that stay as they are refuse nothing', () => {
  assert.is(planned(withSecrets({}), withSecrets({})).kind, 'rollout')
})

test('a first deployment refuses nothing: nobody has an old value', () => {
  const nothing: Rendering = { format: 1, lab: 'example', hosts: {}, contents: {}, secrets: {} }
  assert.is(planned(nothing, withSecrets({})).kind, 'rollout')
})

test.run()
