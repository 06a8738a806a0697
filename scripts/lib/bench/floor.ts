/** The least that the same work could take: the system's own ssh and sftp, on all hosts at once, with nothing looked after. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesPerHost } from './lab-sources.ts'
import { runProgram } from './run-program.ts'

/** How one host is come in to. */
export interface Door {
  readonly host: string
  /** On 127.0.0.1. */
  readonly port: number
  /** Its "/". */
  readonly root: string
}

export interface Keys {
  /** File of the private key. */
  readonly identity: string
  /** File of pinned keys; each host by its name. */
  readonly knownHosts: string
}

/** `ssh host true` on all hosts at once. */
export async function bareSsh(doors: readonly Door[], keys: Keys): Promise<void> {
  await Promise.all(
    doors.map((door) => runProgram('ssh', [...sshOptions(door, keys), '-p', `${door.port}`, '127.0.0.1', 'true'])),
  )
}

/** `sftp` of the agent's files, then `ssh host systemctl restart`, on all hosts at once. `folder`: for what is sent. */
export async function bareUpload(doors: readonly Door[], keys: Keys, folder: string, edition: number): Promise<void> {
  await Promise.all(
    doors.map(async (door) => {
      const options = sshOptions(door, keys)
      const puts = Array.from({ length: filesPerHost }, (_, file) => {
        const path = join(folder, `${door.host}-${file}`)
        writeFileSync(path, `${'setting = 1\n'.repeat(60)}edition = ${edition}\n`)
        return `put ${path} ${join(door.root, 'etc/agent', `floor-${file}.conf`)}\n`
      })
      await runProgram('sftp', [...options, '-q', '-b', '-', '-P', `${door.port}`, '127.0.0.1'], {
        stdin: puts.join(''),
      })
      await runProgram('ssh', [...options, '-p', `${door.port}`, '127.0.0.1', 'systemctl restart agent.service'])
    }),
  )
}

function sshOptions({ host }: Door, { identity, knownHosts }: Keys): readonly string[] {
  const settings = {
    IdentityFile: identity,
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: host,
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
    LogLevel: 'ERROR',
  }
  return ['-F', '/dev/null', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
}
