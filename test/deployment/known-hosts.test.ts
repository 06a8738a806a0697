import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fingerprintOf, parseKnownHosts } from '../../scripts/lib/deployment/known-hosts.ts'

/** A public key's blob: its type, then anything. */
function blob(type: string, rest: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(type.length)
  return Buffer.concat([length, Buffer.from(type), Buffer.from(rest)])
}
const key = blob('ssh-ed25519', 'one')
const other = blob('ssh-ed25519', 'two')
const line = (hosts: string, pinned = key, type = 'ssh-ed25519') => `${hosts} ${type} ${pinned.toString('base64')}\n`
const judge = (text: string, address: string, port = 22, shown = key) =>
  parseKnownHosts(text).keysFor(address, port).judge(shown)

const rules: readonly (readonly [string, string, string, number, Buffer, string])[] = [
  ['a plain name', line('192.0.2.1'), '192.0.2.1', 22, key, 'known'],
  ['a list of names', line('pve1,192.0.2.1'), '192.0.2.1', 22, key, 'known'],
  ['an IPv6 address', line('2001:db8::1'), '2001:db8::1', 22, key, 'known'],
  ['another port needs brackets', line('192.0.2.1'), '192.0.2.1', 2222, key, 'unknown'],
  ['brackets and port', line('[192.0.2.1]:2222'), '192.0.2.1', 2222, key, 'known'],
  ['a pattern', line('192.0.2.*'), '192.0.2.77', 22, key, 'known'],
  ['a point is a point', line('192.0.2.1'), '192x0.2.1', 22, key, 'unknown'],
  ['a negated pattern wins', line('192.0.2.*,!192.0.2.1'), '192.0.2.1', 22, key, 'unknown'],
  ['another key than the pinned one', line('192.0.2.1'), '192.0.2.1', 22, other, 'changed'],
  [
    'a revoked key, even when it is pinned',
    `${line('192.0.2.1')}@revoked ${line('*')}`,
    '192.0.2.1',
    22,
    key,
    'revoked',
  ],
  ['an authority pins no key', `@cert-authority ${line('192.0.2.1')}`, '192.0.2.1', 22, key, 'unknown'],
  ['comments and empty lines', `# x\n\n  ${line('192.0.2.1').trim()} root@pve1\n`, '192.0.2.1', 22, key, 'known'],
]
for (const [name, text, address, port, shown, expected] of rules) {
  test(`${name}: ${expected}`, () => {
    assert.is(judge(text, address, port, shown), expected)
  })
}

test('a hashed name is found by its HMAC', () => {
  const salt = Buffer.from('12345678901234567890')
  const hash = createHmac('sha1', salt).update('192.0.2.1').digest('base64')
  const text = line(`|1|${salt.toString('base64')}|${hash}`)
  assert.is(judge(text, '192.0.2.1'), 'known')
  assert.is(judge(text, '192.0.2.2'), 'unknown')
})

test('all types that are pinned are asked for, and no other', () => {
  const text = `${line('192.0.2.1')}${line('192.0.2.1', blob('ssh-rsa', 'r'), 'ssh-rsa')}${line('192.0.2.2', blob('ssh-dss', 'd'), 'ssh-dss')}`
  assert.equal(parseKnownHosts(text).keysFor('192.0.2.1', 22).types, ['ssh-ed25519', 'ssh-rsa'])
})

for (const [name, text] of [
  ['a line without a key', '192.0.2.1 ssh-ed25519\n'],
  ['a key of another type than the line says', line('192.0.2.1', blob('ssh-rsa', 'x'))],
  ['an unknown marker', `@pinned ${line('192.0.2.1')}`],
  ['a key that is cut off', '192.0.2.1 ssh-ed25519 AAAA\n'],
] as const) {
  test(`${name} is an error with its line`, () => {
    assert.throws(() => parseKnownHosts(`# first\n${text}`), /line 2/)
  })
}

test('fingerprints and hashed names are those of ssh-keygen', () => {
  if (!existsSync('/usr/bin/ssh-keygen')) return
  const folder = mkdtempSync(join(tmpdir(), 'quorate-known-hosts-'))
  try {
    const file = join(folder, 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
    const [, base64] = readFileSync(`${file}.pub`, 'utf8').split(' ')
    const real = Buffer.from(base64 ?? '', 'base64')
    assert.match(execFileSync('ssh-keygen', ['-lf', `${file}.pub`]).toString(), fingerprintOf(real))
    const known = join(folder, 'known_hosts')
    writeFileSync(known, line('192.0.2.1', real))
    execFileSync('ssh-keygen', ['-q', '-H', '-f', known], { stdio: 'ignore' })
    assert.match(readFileSync(known, 'utf8'), /^\|1\|/)
    assert.is(judge(readFileSync(known, 'utf8'), '192.0.2.1', 22, real), 'known')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
