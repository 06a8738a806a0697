import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Changed } from './corosync-change.ts'
import { leftBehind, runInside, twin } from './rehearse.ts'

twin(
  'corosync.conf on Proxmox VE: a longer token goes through with two of three votes there at any time; one that costs the quorum is taken back by every node itself',
  async () => {
    const found = JSON.parse(await runInside('lab', 'corosync-change.ts')) as readonly Changed[]
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
