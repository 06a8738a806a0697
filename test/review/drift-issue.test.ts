/** From hosts on which somebody edited a file to the issue that says so. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { announce } from '../../scripts/announce.ts'
import { driftDocument } from '../../scripts/drift.ts'
import { stateOfLab } from '../../scripts/lib/deployment/drift.ts'
import { assertContract } from '../contracts/contract.ts'
import { startBench } from '../deployment/bench.ts'
import { smallRendering, web } from '../deployment/small-lab.ts'
import { standIn } from './github-stand-in.ts'

test('one issue is open from the first edit on a host until every file is as deployed again', async () => {
  const wanted = smallRendering({ body: 'one', more: true })
  const bench = await startBench(wanted, 20, [web])
  const github = await standIn('ghs_token')
  const folder = await mkdtemp(join(tmpdir(), 'quorate-drift-'))
  const look = async () => {
    const document = driftDocument(await stateOfLab(wanted, [], bench.connect))
    assertContract('drift', document)
    await writeFile(join(folder, 'drift.json'), JSON.stringify(document))
    const terminal = { out: () => {}, note: () => {}, colour: false, columns: 80, live: false }
    const environment = { GITHUB_API_URL: github.url, GITHUB_TOKEN: 'ghs_token', GITHUB_REPOSITORY: 'o/r' }
    await announce({ drift: join(folder, 'drift.json'), dryRun: false, json: false }, terminal, environment)
    return github.afterMerge.issues.map(({ state, body }) => [state, body.match(/^\| `n.*$/gm) ?? []])
  }
  const file = join(bench.lab.folder('n1'), 'etc/web/web.conf')
  try {
    assert.is((await bench.deploy(wanted)).exit, 0)
    assert.equal(await look(), [])
    const deployed = await readFile(file)
    await writeFile(file, 'by hand\n')
    const edited = '| `n1` | `/etc/web/web.conf` | edited |'
    assert.equal(await look(), [['open', [edited]]])
    await rm(join(bench.lab.folder('n3'), 'etc/web/web.conf'))
    assert.equal(await look(), [['open', [edited, '| `n3` | `/etc/web/web.conf` | removed |']]])
    await writeFile(file, deployed)
    await writeFile(join(bench.lab.folder('n3'), 'etc/web/web.conf'), deployed)
    const after = await look()
    assert.is(after.length, 1)
    assert.is(after[0]?.[0], 'closed')
  } finally {
    await rm(folder, { recursive: true })
    await bench.close()
    await github.close()
  }
})

test.run()
