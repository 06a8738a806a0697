/** A client for tests: ssh2-sftp-client over a lab's own connections. */
import type { Duplex } from 'node:stream'
import type { Client as Ssh } from 'ssh2'
import SftpClient from 'ssh2-sftp-client'
import type { EmbeddedLab } from '../../../scripts/lib/twin/embedded/lab.ts'

export interface TestClient {
  readonly sftp: SftpClient
  readonly ssh: Ssh
  exec(command: string, input?: string | Buffer): Promise<Answer>
  end(): Promise<void>
}

export interface Answer {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Logs in on a host's first management address, or over `sock`. */
export async function login(
  lab: EmbeddedLab,
  address: string,
  sock?: Duplex,
  key = lab.privateKey,
): Promise<TestClient> {
  const sftp = new SftpClient()
  const socket = sock ?? (await lab.dial(address, 22))
  await sftp.connect({ sock: socket, username: 'root', privateKey: key, readyTimeout: 5000 })
  const ssh = (sftp as unknown as { client: Ssh }).client
  return { sftp, ssh, exec: (command, input) => exec(ssh, command, input), end: async () => void (await sftp.end()) }
}

function exec(ssh: Ssh, command: string, input: string | Buffer = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error('the connection was lost'))
    ssh.once('close', lost)
    ssh.exec(command, (error, channel) => {
      if (error) return reject(error)
      const out: Buffer[] = []
      const err: Buffer[] = []
      channel.on('data', (chunk: Buffer) => out.push(chunk))
      channel.stderr.on('data', (chunk: Buffer) => err.push(chunk))
      channel.on('close', (code: number | null, signal: string | null) => {
        ssh.off('close', lost)
        const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString()
        resolve({ code: code ?? null, signal: signal ?? null, stdout: text(out), stderr: text(err) })
      })
      channel.end(input)
    })
  })
}
