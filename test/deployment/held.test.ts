import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bundleBetween } from '../../scripts/lib/deployment/held.ts'
import { doorLab, old, young } from './door-lab.ts'

const bundle = (addresses: readonly string[]) => {
  const found = doorLab({ addresses }).hosts['n1']
  if (found === undefined) throw new Error('the lab has no n1')
  return found
}

test('a host is written down to be reached as before until the last of its steps is through', () => {
  const [before, after] = [bundle([old]), bundle([old, young])]
  const changed = new Set(['custom.sshd', 'interfaces'])
  const addresses = (done: readonly string[], was: typeof before | null = before) =>
    bundleBetween(was, after, changed, new Set(done)).way.addresses
  assert.equal(addresses([]), [old])
  assert.equal(addresses(['custom.sshd']), [old])
  assert.equal(addresses(['custom.sshd', 'interfaces']), [old, young])
  assert.equal(addresses([], null), [old, young])
})

test.run()
