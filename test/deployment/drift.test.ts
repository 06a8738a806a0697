import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { driftDocument } from '../../scripts/drift.ts'
import { statusDocument } from '../../scripts/status.ts'
import { stateOfLab } from '../../scripts/lib/deployment/drift.ts'
import { driftText, statusText } from '../../scripts/lib/review/lab-state-text.ts'
import { assertContract } from '../contracts/contract.ts'
import { startBench, type Bench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const test = suite<{ bench: Bench }>('drift')
const one = smallRendering({ body: 'one', more: true })

test.before(async (context) => {
  context.bench = await startBench(one, 20, [web])
})
test.after(async ({ bench }) => {
  await bench.close()
})

test('bare hosts have no drift, and nothing was deployed to them', async ({ bench }) => {
  const state = await stateOfLab(one, [], bench.connect)
  assertContract('status', statusDocument(state, null, null))
  const ahead = [{ commit: 'b'.repeat(40), subject: 'a change' }]
  assertContract('status', statusDocument(state, { deployed: 'a'.repeat(40), ahead, behind: [] }, 'c'.repeat(40)))
  assertContract('drift', driftDocument(state))
  assert.match(statusText(state, Date.now()), 'n1  nothing was deployed yet · no drift')
})

test('every edited or removed file is named, and no content of it', async ({ bench }) => {
  assert.is((await bench.deploy(one)).exit, 0)
  assert.match(driftText(await stateOfLab(one, [], bench.connect)), 'no drift on 3 hosts')
  writeFileSync(join(bench.lab.folder('n1'), 'etc/web/key.priv'), 'another value\n')
  rmSync(join(bench.lab.folder('n3'), 'etc/web/web.conf'))
  const state = await stateOfLab(one, [], bench.connect)
  assertContract('status', statusDocument(state, null, null))
  assertContract('drift', driftDocument(state))
  assert.is(
    driftText(state),
    'n1  /etc/web/key.priv  edited\nn3  /etc/web/web.conf  removed\n2 files are not as deployed\n',
  )
  assert.not.match(JSON.stringify(state), 'another value')
})

test('a host that does not answer is not known, and never taken for well', async ({ bench }) => {
  await bench.lab.node('n2').kill()
  const state = await stateOfLab(one, ['n2'], bench.connect)
  assertContract('status', statusDocument(state, null, null))
  assert.is(state.hosts['n2']?.reachable, false)
  assert.match(driftText(state), /n2 {2}not known: .*\nno drift on 0 hosts, 1 host did not answer/)
})

test.run()
