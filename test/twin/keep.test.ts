import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inRepository, launcher, leftBehind, startRehearsal, twin } from './rehearse.ts'

/** A person who enters a machine and types these lines. */
function look(folder: string, host: string, lines: string) {
  const words = [launcher, 'rehearse', '--lab', join(folder, 'lab'), '--shell', host]
  return spawnSync(process.execPath, words, { cwd: folder, input: lines, encoding: 'utf8' })
}

twin('machines that are kept can be looked into until Ctrl-C ends them', () =>
  inRepository('test/labs/trio', [], async (folder) => {
    const nothing = look(folder, 'n1', '')
    assert.is(nothing.status, 4, nothing.stderr)
    assert.match(nothing.stderr, /no twin of .* is kept at the moment/)
    const child = startRehearsal(folder, '--keep')
    child.stdout.resume()
    const ended = new Promise<number | null>((resolve) => void child.once('close', resolve))
    let log = ''
    try {
      const kept = new Promise<true>((resolve) => {
        child.stderr.on('data', (chunk: Buffer) => {
          log += chunk.toString()
          if (log.includes('the machines are kept')) resolve(true)
        })
      })
      assert.is(await Promise.race([kept, ended]), true, log.slice(-3000))
      const seen = look(
        folder,
        'n2',
        'hostname\nsystemctl is-active ssh corosync\ncorosync-quorumtool -s | grep ^Quorate\nfalse\n',
      )
      assert.is(seen.status, 0, seen.stderr)
      assert.match(seen.stdout, /^n2\nactive\nactive\nQuorate: +Yes\n$/)
      const stranger = look(folder, 'n9', 'hostname\n')
      assert.is(stranger.status, 2, stranger.stderr)
      assert.match(stranger.stderr, 'the twin has no machine "n9" that is on')
    } finally {
      child.kill('SIGINT')
    }
    assert.is(await ended, 0, log.slice(-3000))
    assert.equal(leftBehind(), [])
  }),
)

test.run()
