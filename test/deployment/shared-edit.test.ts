/** A file on pmxcfs that somebody edited: all nodes see it, and any node may have written it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bundle, Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { startBench } from './bench.ts'
import { smallRendering, web } from './small-lab.ts'

const path = '/etc/pve/web.conf'

/** The small lab's file on pmxcfs, written by n1; nothing else anywhere. */
function shared(body: string): Rendering {
  const rendering = smallRendering({ body })
  const bundles = Object.values(rendering.hosts).map((bundle): Bundle => {
    const parts = bundle.parts.map((part) => ({
      ...part,
      files: part.files.map((file) => ({
        ...file,
        path,
        store: 'pmxcfs' as const,
        mode: '0640',
        owner: 'root:www-data',
      })),
      check: [],
    }))
    return { ...bundle, platform: 'proxmox', groups: [], parts: bundle.host === 'n1' ? parts : [] }
  })
  return { ...rendering, hosts: Object.fromEntries(bundles.map((bundle) => [bundle.host, bundle])) }
}

test('it is shown, and its bytes are kept for good where it is overwritten', async () => {
  const bench = await startBench(shared('one'), 20, [web])
  const read = (host: string, place: string) => readFileSync(join(bench.lab.folder(host), place), 'utf8')
  const kept = () => bench.events.flatMap((event) => (event.kind === 'kept' ? [event.at] : []))
  try {
    assert.is((await bench.deploy(shared('one'))).exit, 0)
    assert.is((await bench.deploy(shared('two'))).exit, 0)
    assert.equal(kept(), [], 'what we wrote is not kept')
    writeFileSync(join(bench.lab.folder('n2'), path), 'mine\n')
    const refused = await bench.deploy(shared('three'))
    assert.is(refused.exit, 4, JSON.stringify(refused.failure))
    assert.is(refused.edits?.[0]?.hunks, '@@ -1,1 +1,1 @@\n-two\n+mine\n')
    const done = await bench.deploy(shared('three'), { override: [`n1:${path}`] })
    assert.is(done.exit, 0, JSON.stringify(done.failure))
    assert.is(read('n2', path), 'three\n')
    assert.equal(
      kept().map((at) => read('n1', at)),
      ['mine\n'],
    )
  } finally {
    await bench.close()
  }
})

test.run()
