import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { check } from '../../scripts/check.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'
import { assertContract } from '../contracts/contract.ts'

const test = suite<{ base: string; lab: string }>('check')

test.before.each((context) => {
  context.base = mkdtempSync(join(tmpdir(), 'quorate-check-'))
  context.lab = join(context.base, 'lab')
  cpSync(join(packageRoot, 'lab'), context.lab, { recursive: true })
})

test.after.each(({ base }) => rmSync(base, { recursive: true }))

async function run(lab: string, json: boolean) {
  const printed = { out: '', note: '' }
  const exit = await check(
    { lab, json },
    {
      out: (text) => void (printed.out += text),
      note: (text) => void (printed.note += text),
      colour: false,
      columns: 80,
      live: false,
    },
  )
  return { exit, ...printed }
}

test('a lab without problems ends with 0 and says what was looked at', async ({ lab }) => {
  assert.equal(await run(lab, false), {
    exit: 0,
    out: 'lab example: 3 nodes, 2 guests, 6 services in 15 files; no problems\n',
    note: '',
  })
})

test('an error ends with 1', async ({ lab }) => {
  writeFileSync(join(lab, 'nodes', 'pve2.yaml'), 'id: two\n')
  const { exit, out } = await run(lab, false)
  assert.is(exit, 1)
  assert.match(out, /^lab\/nodes\/pve2\.yaml:1:5 {2}error {2}wrong-type$/m)
  assert.match(out, /2 errors in 15 files\n$/)
})

test('a warning ends with 0, and is said', async ({ lab }) => {
  writeFileSync(join(lab, 'notes.txt'), 'a\n')
  const { exit, out } = await run(lab, false)
  assert.is(exit, 0)
  assert.match(out, /unexpected-file[^]*1 warning in 16 files/)
})

test('a VRRP password that keepalived would cut off is refused without the key', async ({ lab }) => {
  const data = (size: number) => Buffer.alloc(size).toString('base64')
  const secrets = (size: number) =>
    `keepalived:\n  services:\n    password: ENC[AES256_GCM,data:${data(size)},iv:aXY=,tag:dGFn,type:str]\n`
  writeFileSync(join(lab, 'secrets.yaml'), secrets(8))
  assert.is((await run(lab, false)).exit, 0)
  writeFileSync(join(lab, 'secrets.yaml'), secrets(9))
  const { exit, out } = await run(lab, false)
  assert.is(exit, 1)
  assert.match(out, /^lab\/secrets\.yaml:3:5 {2}error {2}password-too-long$/m)
})

test('with --json one document that keeps its contract is printed, clean or not', async ({ lab }) => {
  const clean = JSON.parse((await run(lab, true)).out) as { lab: string | null; problems: unknown[] }
  assertContract('problems', clean)
  assert.equal([clean.lab, clean.problems], ['example', []])
  writeFileSync(join(lab, 'lab.yaml'), 'name: [\n')
  writeFileSync(join(lab, 'notes.txt'), 'a\n')
  const broken = JSON.parse((await run(lab, true)).out) as { lab: string | null; problems: unknown[] }
  assertContract('problems', broken)
  assert.is(broken.lab, null)
  assert.is(broken.problems.length, 2)
})

test('the contract notices what it should', () => {
  const wrong = { format: 1, lab: 'a', files: 1, problems: [], more: true }
  assert.throws(() => assertContract('problems', wrong), /more/)
})

test.run()
