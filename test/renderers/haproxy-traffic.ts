/**
 * Run in namespaces of its own by haproxy-daemon.test.ts: HAProxy on rendered files, its servers and its clients, all on loopback.
 * Arguments: the configuration, another one to reload, and what happens meanwhile. Says in JSON what became of the requests.
 */
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { Agent, createServer, request, type RequestOptions, type Server } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Outcome {
  readonly asked: number
  readonly failures: readonly string[]
  /** Requests answered by each server. */
  readonly answered: Readonly<Record<string, number>>
  /** By the Host header: who answered. */
  readonly routed: Readonly<Record<string, string>>
  /** What the daemon says it runs: as in the first file, as in the other one. */
  readonly runs: 'first' | 'other' | 'neither'
  /** A TCP connection that was open all the time. */
  readonly connection: 'goes on' | 'is cut off'
  readonly log: string
}

const virtual = '10.7.0.2'
const router = '10.7.0.1'
const file = '/run/haproxy.cfg'
const [first = '', other = '', event = ''] = process.argv.slice(2)

const answered: Record<string, number> = {}
const failures: string[] = []
let asked = 0
let isWell = true
const over = new AbortController()
let log = ''

/** Says who it is; of the first one the health is up to us. */
async function serve(name: string, ip: string, port: number): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const well = name !== 'wiki1' || isWell
    if (url === '/health') return void response.writeHead(well ? 200 : 503).end()
    answered[name] = (answered[name] ?? 0) + 1
    setTimeout(() => response.end(name), 5)
  })
  await new Promise<void>((done) => void server.listen(port, ip, done))
  return server
}

/** Rejects where the answer is no success. */
function ask(options: RequestOptions, by: typeof request | typeof secureRequest = request): Promise<string> {
  return new Promise((done, fail) => {
    const asking = by({ path: '/', timeout: 5000, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more: string) => (text += more))
      response.on('error', fail).on('end', () => {
        if (response.statusCode === 200) done(text)
        else fail(new Error(`status ${response.statusCode}`))
      })
    })
    asking.on('error', fail).on('timeout', () => asking.destroy(new Error('no answer')))
    asking.end()
  })
}

/** One client that asks again and again. */
async function stream(agent: Agent): Promise<void> {
  while (!over.signal.aborted) {
    asked += 1
    await ask({ host: virtual, port: 80, agent }).catch((error: Error) => failures.push(error.message))
    await sleep(2)
  }
}

function told(path: string): Promise<string> {
  return ask({ socketPath: '/run/haproxy/quorate.sock', path, agent: false })
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 12_000; Date.now() < end; await sleep(50)) {
    if (await isSo().catch(() => false)) return
  }
  throw new Error(`not in 12 s: ${what}\n${log}`)
}

function whole(): Promise<boolean> {
  return told('/metrics?scope=backend').then((text) => /^haproxy_backend_active_servers\{proxy="wiki"\} 2$/m.test(text))
}

async function running(): Promise<Outcome['runs']> {
  const fingerprint = await told('/')
  if (readFileSync(first, 'utf8').includes(fingerprint)) return 'first'
  return readFileSync(other, 'utf8').includes(fingerprint) ? 'other' : 'neither'
}

/** What systemd does at a reload. */
const reload = () => daemon.kill('SIGUSR2')

const events: Readonly<Record<string, (wiki1: Server) => Promise<void>>> = {
  /** It says that it is not well, is asked no more, and ends. */
  leaves: async (server) => {
    isWell = false
    await until('wiki1 is seen to be away', async () => !(await whole()))
    server.close()
    server.closeAllConnections()
    await sleep(1000)
  },
  /** It ends with no word. */
  dies: async (server) => {
    server.close()
    server.closeAllConnections()
    await sleep(1000)
  },
  reloads: async () => {
    copyFileSync(other, file)
    reload()
    await until('the other file runs', async () => (await running()) === 'other')
    await sleep(1000)
    copyFileSync(first, file)
    reload()
    await until('the first file runs', async () => (await running()) === 'first')
    // For a moment after it has loaded a file the master takes no notice of the signal.
    await sleep(1000)
    copyFileSync(other, file)
    reload()
    await until('the other file runs again', async () => (await running()) === 'other')
    await sleep(500)
  },
  /** Where the other file wants to listen, somebody else does. */
  'cannot reload': async () => {
    await new Promise<void>((done) => void createServer().listen(82, router, done))
    copyFileSync(other, file)
    reload()
    await until('it has given up', () => Promise.resolve(log.includes('Loading failure!')))
    await sleep(500)
  },
}

const wiki1 = await serve('wiki1', '10.7.0.21', 8080)
await serve('wiki2', 'fd00:7::22', 8081)
await serve('files1', '10.7.0.24', 80)
await new Promise<void>((done) => void createTcpServer((socket) => socket.pipe(socket)).listen(143, '10.7.0.3', done))

copyFileSync(first, file)
const daemon = spawn('haproxy', ['-Ws', '-f', file, '-p', '/run/haproxy.pid', '-S', '/run/haproxy-master.sock'])
daemon.stderr.setEncoding('utf8').on('data', (more: string) => (log += more))
// The virtual addresses are not there yet: they are another host's.
await until('both servers answer', whole)
for (const ip of [virtual, router]) execFileSync('ip', ['addr', 'add', `${ip}/32`, 'dev', 'lo'])

const routed: Record<string, string> = {}
for (const host of ['files.front.example', 'FILES.front.example:80', 'other.example']) {
  routed[host] = await ask({ host: virtual, port: 80, headers: { host }, agent: false })
}
// The certificate is one that signed itself.
const secure = {
  host: virtual,
  port: 443,
  headers: { host: 'files.front.example' },
  agent: false,
  rejectUnauthorized: false,
}
routed['by TLS'] = await ask(secure, secureRequest)
const open = connect(143, router)
const echoes = (socket: Socket) =>
  new Promise<boolean>((done) => {
    socket.once('data', () => done(true)).once('close', () => done(false))
    socket.write('x')
    setTimeout(() => done(false), 2000)
  })
if (!(await echoes(open))) throw new Error('the TCP server does not answer')

const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: false })]
const streams = [...agents, ...agents, ...agents].map(stream)
await sleep(500)
await events[event]?.(wiki1)
const outcome: Omit<Outcome, 'asked'> = {
  runs: await running(),
  connection: (await echoes(open)) ? 'goes on' : 'is cut off',
  failures,
  answered,
  routed,
  log,
}
over.abort()
await Promise.all(streams)
process.stdout.write(`${JSON.stringify({ ...outcome, asked })}\n`, () => process.exit())
