import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { renderFolder } from '../../scripts/lib/bundle/lab-rendering.ts'
import { closeEnclosure, openEnclosure, runEnclosed } from '../../scripts/lib/twin/enclosure.ts'
import { imageOf, packagesOf } from '../../scripts/lib/twin/image.ts'
import { top } from '../house/source-tree.ts'
import type { Found } from './lock-out.ts'
import { leftBehind, twin } from './rehearse.ts'

twin(
  'a change that cuts the deployer off from a host is taken back by that host alone, whatever it cuts with; a host that lacks a package is not touched, and the command that installs it is named',
  async () => {
    const lab = join(top, 'test/labs/trio')
    const { rendering } = await renderFolder(lab, top, renderers)
    if (rendering === null) throw new Error('the lab cannot be rendered')
    const packages = packagesOf(Object.values(rendering.hosts))
    const image = await imageOf(packages, { folder: '/var/cache/quorate/images', making: () => {} })
    const enclosure = await openEnclosure()
    const lines: string[] = []
    const node = [process.execPath, '--import', 'tsx', '--import', join(top, 'test/register.js')]
    const program = fileURLToPath(new URL('lock-out.ts', import.meta.url))
    const words = [...node, program, join(enclosure.folder, 'machines'), enclosure.cgroup, image, packages.join(',')]
    try {
      await runEnclosed(enclosure, words, '', (line) => lines.push(line), new AbortController().signal)
    } finally {
      await closeEnclosure(enclosure)
    }
    const { cuts, lacking } = JSON.parse(lines.at(-1) ?? '') as Found
    assert.is(cuts.length, 4)
    for (const { name, exit, why: said, back, held, again } of cuts) {
      assert.is(exit, 3, `${name}: ${said}`)
      assert.equal(back, ['reverted by its own timer'], name)
      assert.equal(
        [...new Set(Object.values(held))].filter((is) => is !== 'unchanged'),
        ['old'],
        name,
      )
      assert.is(again, 0, `${name}: the next run`)
    }
    assert.is(lacking.exit, 4)
    assert.is(lacking.failure?.what, 'n2 has no /usr/sbin/nft (package nftables)')
    assert.is(lacking.failure?.now, 'nothing was changed on any host')
    assert.is(lacking.failure?.next, 'on n2: apt-get install nftables')
    assert.ok(lacking.kept[0].includes('/var/lib/quorate/manifest.json '), 'what is kept was looked at')
    assert.is(lacking.kept[1], lacking.kept[0])
    assert.equal(leftBehind(), [])
  },
)

test.run()
