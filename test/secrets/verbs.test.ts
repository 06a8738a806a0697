/** `quorate secrets`, on the example lab. The program sops is a stand-in; the files are written as sops writes them. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Keyboard } from '../../scripts/keyboard.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import { checkSecrets } from '../../scripts/secrets/check.ts'
import { edit } from '../../scripts/secrets/edit.ts'
import { rotate } from '../../scripts/secrets/rotate.ts'
import { set } from '../../scripts/secrets/set.ts'
import type { Terminal } from '../../scripts/terminal.ts'
import { assertContract } from '../contracts/contract.ts'
import { ageLines, sopsText, type SopsOptions, type Tree } from './sops-writer.ts'
import { standInSops } from './stand-in-sops.ts'

const exampleLab = fileURLToPath(new URL('../../lab', import.meta.url))
const mine = await identityToRecipient(await generateIdentity())
const others = await identityToRecipient(await generateIdentity())
const password = 'keepalived.services.password'
const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIEhunter2\n-----END RSA PRIVATE KEY-----\n'
const hosts = ['pve1', 'pve2', 'pve3'].map((host) => [host, pem] as const)
const all: Tree = [
  ['keepalived', [['services', [['password', 'hunter2s']]]]],
  [
    'tinc',
    [
      ['cluster', hosts],
      ['services', hosts],
    ],
  ],
]

const test = suite<{ folder: string; lab: string; path: string | undefined }>('the verbs about secrets')
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-test-'))
  context.lab = join(context.folder, 'lab')
  context.path = process.env['PATH']
  await cp(exampleLab, context.lab, { recursive: true })
  await writeFile(join(context.folder, 'package.json'), '{}\n')
  process.env['PATH'] = '/nonexistent'
})
test.after.each(async ({ folder, path }) => {
  process.env['PATH'] = path
  await rm(folder, { recursive: true, force: true })
})

function paper() {
  const printed = { out: '', note: '' }
  const terminal: Terminal = {
    out: (text) => void (printed.out += text),
    note: (text) => void (printed.note += text),
    colour: false,
    columns: 80,
    live: false,
  }
  return { printed, terminal }
}

async function textFor(recipients: readonly string[], tree: Tree = all, over: SopsOptions = {}): Promise<string> {
  const key = randomBytes(32)
  return sopsText(tree, { key, age: await ageLines(recipients, key), ...over })
}

async function furnish(lab: string, text: string, recipients = `${mine}, ${others}`): Promise<void> {
  await writeFile(join(lab, 'secrets.yaml'), text)
  const rule = `creation_rules:\n  - path_regex: ^elsewhere/\n    age: age1x\n  - path_regex: lab/secrets\\.yaml$\n`
  await writeFile(join(lab, '../.sops.yaml'), `${rule}    age: ${recipients}\n`)
}

async function checked(lab: string) {
  const { printed, terminal } = paper()
  const exit = await checkSecrets({ lab, json: true }, terminal)
  const document = JSON.parse(printed.out) as { secrets: { id: string; set: boolean }[]; problems: { rule: string }[] }
  assertContract('secrets', document)
  assert.not.match(printed.out, /hunter2/)
  return { exit, document, rules: document.problems.map(({ rule }) => rule) }
}

async function refused(action: () => Promise<unknown>): Promise<FailureError> {
  try {
    await action()
  } catch (error) {
    if (error instanceof FailureError) return error
    throw error
  }
  return assert.unreachable('it went through') as never
}

function piped(text: string): Keyboard {
  return PassThrough.from([text])
}

test('check without a key: all is there, and encrypted for those whom .sops.yaml names', async ({ lab }) => {
  await furnish(lab, await textFor([mine, others]))
  const { exit, rules, document } = await checked(lab)
  assert.equal({ exit, rules }, { exit: 0, rules: [] })
  assert.equal(document.secrets.length, 7)
  const { printed, terminal } = paper()
  await checkSecrets({ lab, json: false }, terminal)
  assert.match(printed.out, `set    ${password}  vrrp-password`)
  assert.match(printed.out, '7 secrets, all set, encrypted for 2 recipients; no problems')
})

test('check names every secret of a lab that has none yet', async ({ lab }) => {
  const { exit, rules, document } = await checked(lab)
  assert.equal({ exit, rules }, { exit: 1, rules: ['secrets-missing'] })
  assert.ok(document.secrets.every(({ set: isSet }) => !isSet))
})

const [first, ...rest] = all
const faults: readonly (readonly [rule: string, exit: number, text: () => Promise<string>, recipients?: string])[] = [
  ['secret-unset', 1, async () => await textFor([mine, others], [first!])],
  ['secret-unused', 0, async () => await textFor([mine, others], [...all, ['keepalvied', 'hunter2']])],
  ['secret-in-clear', 1, async () => `${await textFor([mine, others])}more: hunter2\n`],
  [
    'password-too-long',
    1,
    async () =>
      await textFor([mine, others], [['keepalived', [['services', [['password', 'hunter2hunter2']]]]], ...rest]),
  ],
  ['recipient-missing', 1, async () => await textFor([mine])],
  ['recipient-extra', 1, async () => await textFor([mine, others]), mine],
  ['recipients-unsaid', 1, async () => await textFor([mine, others]), '[unclosed'],
  ['recipient-not-age', 0, async () => await textFor([mine, others], all, { metadata: ['pgp:', '    - fp: A1B2'] })],
  ['secrets-not-sops', 1, async () => (await textFor([mine, others])).replace(/ *mac: .*\n/, '')],
  ['secrets-not-sops', 1, async () => (await textFor([mine, others])).replace(/^sops:[^]*/m, '')],
]
for (const [rule, exit, text, recipients] of faults) {
  test(`check finds ${rule}, and shows no value`, async ({ lab }) => {
    await furnish(lab, await text(), recipients)
    const found = await checked(lab)
    assert.equal({ exit: found.exit, rules: [...new Set(found.rules)] }, { exit, rules: [rule] })
  })
}

test('check warns where no .sops.yaml says for whom', async ({ folder, lab }) => {
  await furnish(lab, await textFor([mine]))
  await rm(join(folder, '.sops.yaml'))
  assert.equal((await checked(lab)).rules, ['recipients-unsaid'])
})

test('set gives the value to sops on standard input, never as an argument', async ({ folder, lab }) => {
  await furnish(lab, await textFor([mine, others]))
  const sops = await standInSops(folder)
  const { printed, terminal } = paper()
  assert.is(await set({ lab, json: true, words: [password] }, terminal, piped('hunter2s\n')), 0)
  assert.equal(await sops.calls(), [
    ['set', '--value-stdin', join(lab, 'secrets.yaml'), '["keepalived"]["services"]["password"]'],
  ])
  assert.is(await sops.read(), '"hunter2s"')
  assertContract('secrets-change', JSON.parse(printed.out))
  assert.not.match(printed.out + printed.note, /hunter2/)
})

test('set asks a person, shows nothing of what is typed, and takes back what they erase', async ({ folder, lab }) => {
  await furnish(lab, await textFor([mine, others]))
  const sops = await standInSops(folder)
  const raw: boolean[] = []
  const keyboard = Object.assign(PassThrough.from(['hun', 'x\u007fter2', 's\rnever read']), {
    isTTY: true,
    setRawMode: (on: boolean) => raw.push(on),
  }) as unknown as Keyboard
  const { printed, terminal } = paper()
  assert.is(await set({ lab, json: false, words: [password] }, terminal, keyboard), 0)
  assert.is(await sops.read(), '"hunter2s"')
  assert.equal(raw, [true, false])
  assert.is(printed.note, `value of ${password} (it is not shown): \n`)
})

test('set keeps the lines of a key', async ({ folder, lab }) => {
  await furnish(lab, await textFor([mine, others]))
  const sops = await standInSops(folder)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  assert.is(await set({ lab, json: false, words: ['tinc.cluster.pve1'] }, paper().terminal, piped(key)), 0)
  assert.is(JSON.parse(await sops.read()), key)
})

test('the first secret makes the file, encrypted before it is written', async ({ folder, lab }) => {
  await furnish(lab, '')
  await rm(join(lab, 'secrets.yaml'))
  const made = await textFor([mine, others], [first!])
  const sops = await standInSops(folder, { prints: made })
  assert.is(await set({ lab, json: false, words: [password] }, paper().terminal, piped('hunter2s')), 0)
  assert.is(await readFile(join(lab, 'secrets.yaml'), 'utf8'), made)
  assert.equal(JSON.parse(await sops.read()), { keepalived: { services: { password: 'hunter2s' } } })
  assert.equal((await sops.calls())[0]?.slice(0, 2), ['encrypt', '--filename-override'])
  await rm(join(lab, 'secrets.yaml'))
  await standInSops(folder, { prints: made.replace(/ENC\[.*?\]/, 'hunter2s') })
  const clear = await refused(async () => set({ lab, json: false, words: [password] }, paper().terminal, piped('x')))
  assert.match(clear.message, /would leave the secret "keepalived.services.password" in clear/)
  assert.not.ok(existsSync(join(lab, 'secrets.yaml')))
  await rm(join(folder, '.sops.yaml'))
  const unsaid = await refused(async () => set({ lab, json: false, words: [password] }, paper().terminal, piped('x')))
  assert.match(unsaid.message, /there is no \.sops\.yaml that says for whom/)
})

const wrong: readonly (readonly [
  exit: number,
  says: RegExp,
  id: string,
  value: string,
  metadata: readonly string[],
])[] = [
  [2, /did you mean "tinc\.cluster\.pve1"/, 'tinc.cluster.pve', 'hunter2', []],
  [2, /there is no value for/, password, '\n', []],
  [1, /has 14 characters, and VRRP takes at most 8/, password, 'hunter2hunter2', []],
  [1, /is no RSA private key/, 'tinc.cluster.pve1', pem, []],
  [4, /would leave the secret .* in clear/, password, 'hunter2', ['encrypted_regex: ^tinc$']],
  [4, /cannot tell whether the secret .* would be encrypted/, password, 'hunter2', ['encrypted_comment_regex: x']],
]
for (const [exit, says, id, value, metadata] of wrong) {
  test(`set refuses before sops is called: ${says.source}`, async ({ folder, lab }) => {
    await furnish(lab, await textFor([mine, others], all, { metadata }))
    const sops = await standInSops(folder)
    const failure = await refused(async () => set({ lab, json: false, words: [id] }, paper().terminal, piped(value)))
    assert.is(failure.exit, exit)
    assert.match(failure.message, says)
    assert.not.match(failure.message, /hunter2/)
    assert.equal(await sops.calls(), [])
  })
}

test('what sops says is passed on without the value', async ({ folder, lab }) => {
  await furnish(lab, await textFor([mine, others]))
  await standInSops(folder, { says: 'cannot do this with', code: 128 })
  const words = [password]
  const failure = await refused(async () => set({ lab, json: false, words }, paper().terminal, piped('hunter2s')))
  assert.is(failure.exit, 4)
  assert.match(failure.message, /sops did not set the secret: cannot do this with "\*\*\*"/)
})

test('without sops it is said how to install it, exit 4', async ({ lab }) => {
  await furnish(lab, await textFor([mine, others]))
  for (const change of [
    async () => await set({ lab, json: false, words: [password] }, paper().terminal, piped('hunter2s')),
    async () => await edit({ lab, json: false }, paper().terminal),
    async () => await rotate({ lab, json: false }, paper().terminal),
  ]) {
    const failure = await refused(change)
    assert.is(failure.exit, 4)
    assert.match(failure.message, /"sops" is not installed .* from https:\/\/github\.com\/getsops\/sops\/releases/)
  }
})

test('edit looks at what came of it', async ({ folder, lab }) => {
  const path = join(lab, 'secrets.yaml')
  await furnish(lab, await textFor([mine, others]))
  const sops = await standInSops(folder, { writes: { path, text: await textFor([mine, others], [first!]) } })
  const { printed, terminal } = paper()
  assert.is(await edit({ lab, json: true }, terminal), 1)
  assert.equal(await sops.calls(), [['edit', path]])
  assert.match(printed.note, /the secret "tinc\.cluster\.pve1" has no value/)
  assertContract('secrets-change', JSON.parse(printed.out))
  await furnish(lab, await textFor([mine, others]))
  await standInSops(folder, { code: 200 })
  const second = paper()
  assert.is(await edit({ lab, json: false }, second.terminal), 0)
  assert.is(second.printed.out, 'nothing was changed\n')
  await standInSops(folder, { code: 128 })
  assert.is((await refused(async () => edit({ lab, json: false }, paper().terminal))).exit, 4)
})

test('rotate takes those out that are not named any more before it makes a new key', async ({ folder, lab }) => {
  const path = join(lab, 'secrets.yaml')
  await furnish(lab, await textFor([mine, others]), mine)
  const sops = await standInSops(folder)
  const { printed, terminal } = paper()
  assert.is(await rotate({ lab, json: false }, terminal), 0)
  assert.equal(await sops.calls(), [
    ['updatekeys', '--yes', path],
    ['rotate', '--in-place', path],
  ])
  assert.match(printed.out, /a new data key, for 1 recipient/)
  await rm(join(folder, '.sops.yaml'))
  await standInSops(folder, { code: 1, says: 'no key' })
  assert.match((await refused(async () => rotate({ lab, json: false }, paper().terminal))).message, /no key/)
  await rm(path)
  assert.is((await refused(async () => rotate({ lab, json: false }, paper().terminal))).exit, 1)
})

test.run()
