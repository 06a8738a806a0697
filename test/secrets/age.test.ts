/** From an age identity, wherever SOPS would look for it, to the values. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, generateHybridIdentity, identityToRecipient } from 'age-encryption'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { secretValues } from '../../scripts/lib/deployment/secret-values.ts'
import { ageLines, sopsText } from './sops-writer.ts'

const variables = ['HOME', 'XDG_CONFIG_HOME', 'PATH', 'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', 'SOPS_AGE_KEY_CMD']
const test = suite<{ folder: string; before: readonly (string | undefined)[] }>('age')
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-test-'))
  context.before = variables.map((name) => process.env[name])
  for (const name of variables) delete process.env[name]
  process.env['HOME'] = context.folder
})
test.after.each(async ({ folder, before }) => {
  for (const [index, name] of variables.entries()) {
    if (before[index] === undefined) delete process.env[name]
    else process.env[name] = before[index]
  }
  await rm(folder, { recursive: true, force: true })
})

/** Writes a file with one secret, encrypted for these identities. */
async function encryptedFor(folder: string, ...identities: readonly string[]): Promise<string> {
  const key = randomBytes(32)
  const recipients = await Promise.all(identities.map(identityToRecipient))
  const path = join(folder, 'secrets.yaml')
  await writeFile(path, sopsText([['a', 'hunter2secret']], { key, age: await ageLines(recipients, key) }))
  return path
}

async function isRead(path: string): Promise<void> {
  assert.equal([...(await secretValues(path))], [['a', 'hunter2secret']])
}

async function refused(path: string): Promise<string> {
  try {
    await secretValues(path)
  } catch (error) {
    return (error as Error).message
  }
  return assert.unreachable('it was read') as never
}

test('each of several recipients reads the file, one with a post-quantum identity too', async ({ folder }) => {
  const identities = [await generateIdentity(), await generateIdentity(), await generateHybridIdentity()]
  const path = await encryptedFor(folder, ...identities)
  for (const identity of identities) {
    process.env['SOPS_AGE_KEY'] = `# mine\n${identity}\n`
    await isRead(path)
  }
})

test('identities are looked for in a named file and in the usual one, with comments in them', async ({ folder }) => {
  const [mine, other] = [await generateIdentity(), await generateIdentity()]
  const path = await encryptedFor(folder, mine)
  await writeFile(join(folder, 'named'), `# created: today\n\n${other}\n${mine}\n`)
  process.env['SOPS_AGE_KEY_FILE'] = join(folder, 'named')
  await isRead(path)
  delete process.env['SOPS_AGE_KEY_FILE']
  const usual = join(folder, process.platform === 'darwin' ? 'Library/Application Support' : '.config', 'sops/age')
  await mkdir(usual, { recursive: true })
  await writeFile(join(usual, 'keys.txt'), mine)
  await isRead(path)
})

test('a command is run without a shell, once for each recipient, until an identity fits', async ({ folder }) => {
  const [other, mine] = [await generateIdentity(), await generateIdentity()]
  const path = await encryptedFor(folder, other, mine)
  const program = join(folder, 'print key')
  await writeFile(program, `#!/bin/sh\n[ "$SOPS_AGE_RECIPIENT" != ${await identityToRecipient(mine)} ] || echo "$1"\n`)
  await chmod(program, 0o755)
  process.env['PATH'] = '/usr/bin:/bin'
  process.env['SOPS_AGE_KEY_CMD'] = `"${program}" ${mine} '; touch ${folder}/planted'`
  await isRead(path)
  process.env['SOPS_AGE_KEY_CMD'] = `/bin/sh -c 'echo ${mine}; exit 3'`
  const message = await refused(path)
  assert.match(message, /SOPS_AGE_KEY_CMD gives no age identity: it ended with 3/)
  assert.not.match(message, mine)
})

test('without an identity it is said where it was looked for and whose would do', async ({ folder }) => {
  const mine = await generateIdentity()
  const path = await encryptedFor(folder, mine)
  const message = await refused(path)
  assert.match(message, await identityToRecipient(mine))
  for (const place of ['SOPS_AGE_KEY', 'keys.txt (there is no such file)', 'SOPS_AGE_KEY_CMD']) {
    assert.ok(message.includes(place), message)
  }
})

test("somebody else's identity is told from a damaged data key; neither message shows an identity", async ({
  folder,
}) => {
  const [mine, other] = [await generateIdentity(), await generateIdentity()]
  process.env['SOPS_AGE_KEY'] = mine
  const stranger = await refused(await encryptedFor(folder, other))
  assert.match(stranger, `the age identity of ${await identityToRecipient(mine)} does not decrypt the secrets`)
  const key = randomBytes(32)
  const age = await ageLines([await identityToRecipient(mine)], key)
  const cut = age.filter((_, index) => index !== 4)
  const path = join(folder, 'secrets.yaml')
  await writeFile(path, sopsText([['a', 'x']], { key, age: cut }))
  const damaged = await refused(path)
  assert.match(damaged, /the data key for age1\S+ in the part "sops" of the secrets was changed or cut/)
  process.env['SOPS_AGE_KEY'] = mine.slice(0, -1)
  const malformed = await refused(path)
  assert.match(malformed, /an age identity is not as age-keygen writes it/)
  for (const message of [stranger, damaged, malformed]) assert.not.match(message, mine.slice(0, 30))
})

test.run()
