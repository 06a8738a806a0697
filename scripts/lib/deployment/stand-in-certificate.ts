import { generateKeyPairSync, sign } from 'node:crypto'

/** A certificate that a new key signed for itself (X.509, version 1), and the key, in PEM. Never for real hosts. */
export function standInCertificate(): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(der(0x31, sequence(der(0x06, commonName), der(0x0c, Buffer.from('quorate stand-in')))))
  const validity = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x18, Buffer.from('99991231235959Z')))
  const algorithm = sequence(der(0x06, ecdsaWithSha256))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const signed = sequence(der(0x02, Buffer.from([1])), algorithm, name, validity, name, key)
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', signed, privateKey)]))
  const body = sequence(signed, algorithm, signature).toString('base64').replaceAll(/.{64}/g, '$&\n').trim()
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n${pem}`
}

/** 2.5.4.3 */
const commonName = Buffer.from('550403', 'hex')
/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = Buffer.from('2a8648ce3d040302', 'hex')

function sequence(...members: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(members))
}

/** Tag, length, content; below 64 KiB. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...bytes]), content])
}
