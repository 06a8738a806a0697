import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { renderFolder } from '../../scripts/lib/bundle/lab-rendering.ts'
import { closeEnclosure, openEnclosure, runEnclosed } from '../../scripts/lib/twin/enclosure.ts'
import { imageOf, packagesOf } from '../../scripts/lib/twin/image.ts'
import { top } from '../house/source-tree.ts'
import type { Changed } from './corosync-change.ts'
import { leftBehind, twin } from './rehearse.ts'

twin(
  'corosync.conf on Proxmox VE: a longer token goes through with two of three votes there at any time; one that costs the quorum is taken back by every node itself',
  async () => {
    const { rendering } = await renderFolder(join(top, 'lab'), top, renderers)
    if (rendering === null) throw new Error('the lab cannot be rendered')
    const packages = packagesOf(Object.values(rendering.hosts).filter(({ kind }) => kind === 'node'))
    const image = await imageOf(packages, { folder: '/var/cache/quorate/images', making: () => {} })
    const enclosure = await openEnclosure()
    const lines: string[] = []
    const node = [process.execPath, '--import', 'tsx', '--import', join(top, 'test/register.js')]
    const program = fileURLToPath(new URL('corosync-change.ts', import.meta.url))
    const words = [...node, program, join(enclosure.folder, 'machines'), enclosure.cgroup, image, packages.join(',')]
    try {
      await runEnclosed(enclosure, words, '', (line) => lines.push(line), new AbortController().signal)
    } finally {
      await closeEnclosure(enclosure)
    }
    const found = JSON.parse(lines.at(-1) ?? '') as readonly Changed[]
    const [longer, short, unwatched, rebooted, outage] = found
    assert.is(found.length, 5)
    for (const { name, unwell, again } of found) assert.equal([unwell, again], [null, [0, 0]], name)
    assert.is(longer?.exit, 0, longer?.why)
    assert.ok((longer?.fewest ?? 0) >= 2, JSON.stringify(longer))
    assert.is(new Set(longer?.numbers).size, 1)
    assert.equal(longer?.tokens, [4000, 4000, 4000, 4000])
    assert.equal(longer?.starts, [0, 0, 0])
    assert.is(short?.exit, 3, short?.why)
    for (const each of [short, unwatched]) {
      assert.type(each?.lost, 'number', `${each?.name}: the quorum was lost`)
      assert.type(each?.back, 'number')
      assert.equal(each?.starts, [1, 1, 1], each?.name)
    }
    assert.is(unwatched?.exit, null)
    for (const each of [short, unwatched, rebooted, outage]) {
      assert.is(new Set(each?.numbers).size, 1, JSON.stringify(each))
      assert.equal(each?.tokens, [null, null, null, null], each?.name)
    }
    assert.ok((rebooted?.fewest ?? 0) >= 2, 'while one node boots the others stay')
    assert.equal(leftBehind(), [])
  },
)

test.run()
