import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Found } from './lock-out.ts'
import { leftBehind, runInside, twin } from './rehearse.ts'

twin(
  'a change that cuts the deployer off from a host is taken back by that host alone, whatever it cuts with; a host that lacks a package is not touched, and the command that installs it is named',
  async () => {
    const { cuts, lacking } = JSON.parse(await runInside('test/labs/trio', 'lock-out.ts')) as Found
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
