import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fill } from '../../scripts/lib/bundle/fill.ts'
import { sopsSecrets, standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import { ageLines, sopsText, type Tree } from '../secrets/sops-writer.ts'

const test = suite<{ folder: string; path: string | undefined }>('secrets')
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-test-'))
  context.path = process.env['PATH']
})
test.after.each(async ({ folder, path }) => {
  process.env['PATH'] = path
  delete process.env['SOPS_AGE_KEY']
  await rm(folder, { recursive: true, force: true })
})

const forPgp = sopsText([['a', 'x']], { metadata: ['pgp:', '    - fp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21'] })

const declared = (...ids: readonly string[]) =>
  Object.fromEntries(ids.map((id) => [id, { kind: 'text' as const, fingerprint: 'x' }]))

/** A secrets.yaml that an age identity in the environment opens. */
async function withSecrets(folder: string, secrets: Tree): Promise<void> {
  const [identity, key] = [await generateIdentity(), randomBytes(32)]
  process.env['SOPS_AGE_KEY'] = identity
  const age = await ageLines([await identityToRecipient(identity)], key)
  await writeFile(join(folder, 'secrets.yaml'), sopsText(secrets, { key, age }))
}

/** A secrets.yaml without an age recipient, and a stand-in for the program sops, first on PATH: prints this, or fails with that. */
async function withSops(folder: string, prints: unknown, fails = ''): Promise<void> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await writeFile(join(folder, 'secrets.yaml'), forPgp)
  await writeFile(join(folder, 'answer'), typeof prints === 'string' ? prints : JSON.stringify(prints))
  const fail = fails === '' ? '' : `echo '${fails}' >&2; exit 128`
  await writeFile(join(bin, 'sops'), `#!/bin/sh\necho "$*" > '${folder}/called'\n${fail}\ncat '${folder}/answer'\n`)
  await chmod(join(bin, 'sops'), 0o755)
  process.env['PATH'] = `${bin}:${process.env['PATH']}`
}

async function refused(action: () => unknown): Promise<string> {
  try {
    await action()
  } catch (error) {
    return (error as Error).message
  }
  return assert.unreachable('it went through') as never
}

test('made-up keys are pairs: what the public half says, the private half answers', () => {
  const secrets = standInSecrets()
  const key = secrets.value('tinc.cluster.pve1', 'rsa-key-pair', 'private')
  const publicHalf = secrets.value('tinc.cluster.pve1', 'rsa-key-pair', 'public')
  assert.match(key, /^-----BEGIN RSA PRIVATE KEY-----\n/)
  assert.match(publicHalf, /^-----BEGIN RSA PUBLIC KEY-----\n/)
  assert.is(createPublicKey(createPrivateKey(key)).export({ type: 'pkcs1', format: 'pem' }), publicHalf)
  assert.is(createPrivateKey(key).asymmetricKeyDetails?.modulusLength, 2048)
})

test('a made-up certificate is one that OpenSSL reads, with its own key', () => {
  const pem = standInSecrets().value('haproxy.certificates.front', 'certificate-and-key', 'whole')
  const certificate = new X509Certificate(pem)
  assert.ok(certificate.checkPrivateKey(createPrivateKey(pem)))
  assert.ok(certificate.verify(certificate.publicKey))
  const hole = { secret: 'x', kind: 'certificate-and-key', half: 'whole' } as const
  assert.is(fill([hole], standInSecrets(new Map([['certificate-and-key x', pem]])), {}), pem)
})

test('made-up values stay the same within one run, differ between secrets and between runs, and fit their kinds', () => {
  const secrets = standInSecrets()
  for (const kind of ['text', 'vrrp-password'] as const) {
    const value = secrets.value('a', kind, 'whole')
    assert.is(secrets.value('a', kind, 'whole'), value)
    assert.is.not(secrets.value('b', kind, 'whole'), value)
    assert.is.not(standInSecrets().value('a', kind, 'whole'), value)
    assert.is(fill([{ secret: 'a', kind, half: 'whole' }], secrets, {}), value)
  }
})

test('values handed out are known for masking, the longest first', () => {
  const secrets = standInSecrets()
  assert.equal(secrets.seen(), [])
  const short = secrets.value('a', 'vrrp-password', 'whole')
  const long = secrets.value('b', 'text', 'whole')
  assert.equal(secrets.seen(), [long, short])
})

test('secrets for an age recipient need no program, and are reached by the names on the way', async ({ folder }) => {
  process.env['PATH'] = '/nonexistent'
  await withSecrets(folder, [
    ['keepalived', [['services', 'hunter2!']]],
    ['number', 12345678],
  ])
  const secrets = await sopsSecrets(folder, declared('keepalived.services', 'number'))
  assert.is(secrets.value('keepalived.services', 'text', 'whole'), 'hunter2!')
  assert.is(secrets.value('number', 'text', 'whole'), '12345678')
})

test('every value of the file is known for masking, used or not, a key as it is stored and as a file has it', async ({
  folder,
}) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const [pkcs8, pkcs1] = (['pkcs8', 'pkcs1'] as const).map((type) =>
    privateKey.export({ type, format: 'pem' }).toString(),
  )
  await withSecrets(folder, [
    ['a', 'hunter2!'],
    ['unused', 'another'],
    ['flag', true],
    ['key', pkcs8!],
  ])
  const keys = { key: { kind: 'rsa-key-pair' as const, fingerprint: 'x' } }
  const { known } = await sopsSecrets(folder, { ...declared('a'), ...keys })
  assert.equal(known, [
    { id: 'a', value: 'hunter2!' },
    { id: 'unused', value: 'another' },
    { id: 'key', value: pkcs8 },
    { id: 'key', value: pkcs1 },
  ])
})

test('what takes more than age is left to sops, which is called without a shell', async ({ folder }) => {
  await withSops(folder, { keepalived: { services: 'hunter2!' }, number: 12345678 })
  const secrets = await sopsSecrets(folder, declared('keepalived.services', 'number'))
  assert.is(secrets.value('keepalived.services', 'text', 'whole'), 'hunter2!')
  assert.is(secrets.value('number', 'text', 'whole'), '12345678')
  assert.is(
    (await readFile(join(folder, 'called'), 'utf8')).trim(),
    `--decrypt --input-type yaml --output-type json ${folder}/secrets.yaml`,
  )
})

test('a lab that declares no secret needs neither sops nor a file', async ({ folder }) => {
  process.env['PATH'] = '/nonexistent'
  assert.equal((await sopsSecrets(folder, {})).seen(), [])
})

test('without sops, where it takes sops, it is said how to install it', async ({ folder }) => {
  await writeFile(join(folder, 'secrets.yaml'), forPgp)
  process.env['PATH'] = '/nonexistent'
  const message = await refused(async () => sopsSecrets(folder, declared('a')))
  assert.match(
    message,
    /takes the program "sops" .*\(it is encrypted with pgp, not with age\), and it is not installed/,
  )
  assert.match(message, /https:\/\/github\.com\/getsops\/sops\/releases/)
})

test('when sops fails, its own words are passed on', async ({ folder }) => {
  await withSops(folder, {}, 'no identity matched')
  assert.match(await refused(async () => sopsSecrets(folder, declared('a'))), /no identity matched/)
})

test('what sops prints is never quoted, also when it cannot be read', async ({ folder }) => {
  await withSops(folder, 'hunter2: not JSON')
  const message = await refused(async () => sopsSecrets(folder, declared('a')))
  assert.match(message, /printed no JSON/)
  assert.not.match(message, /hunter2/)
})

test('every declared secret without a value is named at once, before anything is deployed', async ({ folder }) => {
  await withSecrets(folder, [
    ['a', 'x'],
    ['b', ''],
  ])
  assert.match(await refused(async () => sopsSecrets(folder, declared('a', 'b', 'c.d'))), /"b", "c\.d"/)
  assert.match(await refused(async () => sopsSecrets(join(folder, 'elsewhere'), declared('a'))), /"a" has no value/)
})

test('of a key only the private half is stored, in any PEM form; what is no RSA key of 2048 bits is refused and not shown', async ({
  folder,
}) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { privateKey: small } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const { privateKey: curve } = generateKeyPairSync('ed25519')
  const [pkcs8, short, other] = [privateKey, small, curve].map((key) =>
    key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  await withSecrets(folder, [
    ['key', pkcs8!],
    ['short', short!],
    ['other', other!],
    ['junk', 'hunter2'],
  ])
  const secrets = await sopsSecrets(folder, declared('key', 'short', 'other', 'junk'))
  assert.is(secrets.value('key', 'rsa-key-pair', 'private'), privateKey.export({ type: 'pkcs1', format: 'pem' }))
  assert.is(
    secrets.value('key', 'rsa-key-pair', 'public'),
    createPublicKey(privateKey).export({ type: 'pkcs1', format: 'pem' }),
  )
  for (const id of ['short', 'other', 'junk']) {
    const message = await refused(() => secrets.value(id, 'rsa-key-pair', 'public'))
    assert.match(message, /is no RSA private key/)
    assert.not.match(message, /hunter2|BEGIN/)
  }
})

test.run()
