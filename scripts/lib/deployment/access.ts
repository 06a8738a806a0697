/** From what a verb was called with to connections: the pinned keys, and the key to log in with. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PerHost } from '../../../renderers/renderer.ts'
import type { Way } from '../bundle/rendering.ts'
import { FailureError } from '../failure.ts'
import { parseKnownHosts, type KnownHosts } from './known-hosts.ts'
import { connector, type Connect, type ConnectOptions } from './remote.ts'

export interface AccessOptions {
  /** The lab's folder. */
  readonly lab: string
  /** File of a private key; without it the agent is asked. */
  readonly identity?: string | undefined
  /** File of pinned keys; known_hosts in the lab's folder without it. */
  readonly knownHosts?: string | undefined
}

/** `agent`: the socket of an ssh-agent, where there is one. Throws a FailureError (exit 2) for what cannot be read. */
export async function access(ways: PerHost<Way>, options: AccessOptions, agent: string | undefined): Promise<Connect> {
  return connector({ ways, knownHosts: await pinned(options), identity: await identityOf(options, agent) })
}

async function pinned(options: AccessOptions): Promise<KnownHosts> {
  const file = options.knownHosts ?? join(options.lab, 'known_hosts')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw wrongUsage(
      `the hosts' pinned keys cannot be read: ${messageOf(error)}`,
      file,
      'fetch them with "ssh-keyscan ADDRESS", compare each with "ssh-keygen -lf" on the host\'s own console, and put them there',
      error,
    )
  })
  try {
    return parseKnownHosts(text)
  } catch (error) {
    throw wrongUsage(messageOf(error), file, 'mend or remove that line', error)
  }
}

async function identityOf({ identity }: AccessOptions, agent: string | undefined): Promise<ConnectOptions['identity']> {
  if (identity === undefined) {
    if (agent !== undefined && agent !== '') return { agent }
    throw wrongUsage(
      'there is no key to log in with',
      '--identity',
      'name a private key with --identity FILE, or start an ssh-agent',
    )
  }
  const privateKey = await readFile(identity, 'utf8').catch((error: unknown) => {
    throw wrongUsage(`the key cannot be read: ${messageOf(error)}`, identity, 'name a file that you may read', error)
  })
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(privateKey)) {
    throw wrongUsage('this is no private key', identity, 'name the private half, not the one that ends in .pub')
  }
  return { privateKey }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function wrongUsage(what: string, where: string, next: string, cause?: unknown): FailureError {
  return new FailureError(
    { what, where, now: 'no host was contacted', next },
    2,
    cause === undefined ? undefined : { cause },
  )
}
