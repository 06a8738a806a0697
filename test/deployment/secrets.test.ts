import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fill } from '../../scripts/lib/bundle/fill.ts'
import { sopsSecrets, standInSecrets } from '../../scripts/lib/deployment/secrets.ts'

const test = suite<{ folder: string; path: string | undefined }>('secrets')
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'quorate-test-'))
  context.path = process.env['PATH']
})
test.after.each(async ({ folder, path }) => {
  process.env['PATH'] = path
  await rm(folder, { recursive: true, force: true })
})

const declared = (...ids: readonly string[]) =>
  Object.fromEntries(ids.map((id) => [id, { kind: 'text' as const, fingerprint: 'x' }]))

/** A stand-in for the program sops, first on PATH: prints this, or fails with that. */
async function withSops(folder: string, prints: unknown, fails = ''): Promise<void> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await writeFile(join(folder, 'secrets.yaml'), 'x: y\n')
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

test('sops is called without a shell, and what it prints is reached by the names on the way', async ({ folder }) => {
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

test('without sops it is said what to install', async ({ folder }) => {
  await writeFile(join(folder, 'secrets.yaml'), '')
  process.env['PATH'] = '/nonexistent'
  assert.match(await refused(async () => sopsSecrets(folder, declared('a'))), /"sops" is not installed/)
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
  await withSops(folder, { a: 'x', b: '' })
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
  await withSops(folder, { key: pkcs8, short, other, junk: 'hunter2' })
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
