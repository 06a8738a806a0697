import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { standInCertificate } from '../../scripts/lib/deployment/stand-in-certificate.ts'
import { fill, type Secrets } from '../../scripts/lib/bundle/fill.ts'
import { renderers } from '../../renderers/index.ts'
import type { Lab } from '../../renderers/renderer.ts'

/** Runs `use` on a folder that holds every host's files, <folder>/<host>/<path>, with values made now, and removes it. */
export async function withFilledFiles(lab: Lab, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-renderers-'))
  try {
    const secrets = madeUp()
    for (const renderer of renderers) {
      for (const [host, settings] of Object.entries(renderer.settings(lab))) {
        for (const file of renderer.parts(host, settings).flatMap((part) => part.files)) {
          const path = join(folder, host, file.path)
          await mkdir(dirname(path), { recursive: true })
          await writeFile(path, fill(file.text, secrets, { corosync: 5 }), { mode: Number.parseInt(file.mode, 8) })
        }
      }
    }
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Made once: a pair takes a tenth of a second and more. */
const pairs = new Map<string, { publicKey: string; privateKey: string }>()

/** Keys and passwords, the same for the same id. */
function madeUp(): Secrets {
  return {
    seen: () => [],
    value(id, kind, half) {
      if (kind === 'vrrp-password') return 'abcd1234'
      if (kind === 'text') return 'a line'
      if (kind === 'certificate-and-key') return standInCertificate()
      const pair = pairs.get(id) ?? keyPair()
      pairs.set(id, pair)
      return half === 'public' ? pair.publicKey : pair.privateKey
    },
  }
}

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
}
