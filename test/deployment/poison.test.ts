/** Secrets that are looked for in everything that a deployment writes: found nowhere, and at once where a leak is planted. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { deploy, type DeployOptions, type Reach } from '../../scripts/deploy.ts'
import type { Discreet } from '../../scripts/discreet.ts'
import { attempted } from '../../scripts/quorate.ts'
import type { Terminal } from '../../scripts/terminal.ts'
import { ageLines, sopsText } from '../secrets/sops-writer.ts'
import { nothingSpecial, startGitLab, type GitLab, type LabFiles } from './git-lab.ts'

/** Eight characters, as VRRP has them; in base64, in JSON and in a URL they look otherwise. */
const password = 'P0i%>~9z'
const keys = Object.fromEntries(
  ['n1', 'n2', 'n3'].map((host) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    return [host, privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()]
  }),
)
const identity = await generateIdentity()

/** Every line of a private key but those that its public half has too, and the password; in the forms that a person would look for. */
const poison = [password, ...Object.values(keys).flatMap((pem) => pem.split('\n').slice(8, -2))].flatMap((line) => [
  line,
  encodeURIComponent(line),
  ...[0, 1, 2].map((shift) => {
    const encoded = Buffer.from(`${'x'.repeat(shift)}${line}`).toString('base64')
    return encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + line.length) * 8) / 6))
  }),
])

function node(id: number): string {
  return `title: n${id}\nid: ${id}\naddresses:\n  public: { port: eno1, address: 192.0.2.1${id}/24, gateway: 192.0.2.1 }\n  mesh: 10.9.0.1${id}\n`
}

async function labWith(interval: number): Promise<LabFiles> {
  const key = randomBytes(32)
  const age = await ageLines([await identityToRecipient(identity)], key)
  return {
    'lab.yaml': 'name: small\nplatform: debian\nmanagement: { user: root, port: 22, network: public }\n',
    'networks.yaml':
      'public:\n  title: Public\n  carrier: physical\n  subnets: [192.0.2.0/24]\n' +
      'mesh:\n  title: Mesh\n  carrier: tinc\n  subnets: [10.9.0.0/24]\n  bridge: vmbr1\n  router: 10.9.0.1\n',
    'nodes/n1.yaml': node(1),
    'nodes/n2.yaml': node(2),
    'nodes/n3.yaml': node(3),
    'services/interfaces.yaml': 'hosts: [nodes]\n',
    'services/tinc.yaml': 'over: public\nnetworks:\n  mesh:\n    port: 655\n',
    'services/keepalived.yaml': `routers:\n  mesh:\n    network: mesh\n    id: 10\n    interval: ${interval}\n    password: true\n    priorities: { n1: 250, n2: 230, n3: 210 }\n`,
    'secrets.yaml': sopsText(
      [
        ['keepalived', [['mesh', [['password', password]]]]],
        ['tinc', [['mesh', Object.entries(keys)]]],
      ],
      { key, age },
    ),
  }
}

const test = suite<{ lab: GitLab; artifacts: string }>('poison')
test.before(async (context) => {
  process.env['SOPS_AGE_KEY'] = identity
  context.lab = await startGitLab(await labWith(1))
  context.artifacts = join(context.lab.repository.folder, 'node_modules/artifacts')
})
test.before.each(({ artifacts }) => {
  rmSync(artifacts, { recursive: true, force: true })
  mkdirSync(artifacts)
})
test.after(async ({ lab }) => {
  delete process.env['SOPS_AGE_KEY']
  await lab.close()
})

interface Ran {
  readonly exit: number
  readonly out: string
  readonly note: string
  readonly leaks: number
}

/** The verb as `quorate deploy --debug` runs it. What it prints is kept as an artifact too; `then` has the last word. */
async function ran(
  { lab, artifacts }: { lab: GitLab; artifacts: string },
  options: Partial<DeployOptions> = {},
  reach: Reach = lab.reach,
  then: (quiet: Discreet, raw: Terminal) => void = () => {},
): Promise<Ran> {
  const printed = { out: '', note: '', leaks: 0 }
  const raw: Terminal = {
    out: (text) => void (printed.out += text),
    note: (text) => void (printed.note += text),
    colour: false,
    columns: 120,
    live: false,
  }
  const verb = async (quiet: Discreet) => {
    const asked = { ...nothingSpecial, lab: lab.lab, apply: true, artifacts: [artifacts], ...options }
    const exit = await deploy(asked, quiet, reach)
    writeFileSync(join(artifacts, 'outcome.json'), printed.out)
    then(quiet, raw)
    return exit
  }
  const written = () =>
    Promise.resolve([
      { name: 'standard output', text: printed.out },
      { name: 'standard error', text: printed.note },
    ])
  const exit = await attempted(verb, raw, { written, onLeak: () => void (printed.leaks += 1) }, true)
  return { exit, ...printed }
}

/** What the run left on the deployer: its repository, without the hosts that stand in it and the file that the secrets come from. */
function leftBehind(folder: string): string {
  const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.includes('node_modules/hosts'))
    .map((path) => readFileSync(path, 'latin1'))
  return texts.join('\n')
}

function assertClean({ out, note }: Ran, folder: string): void {
  const all = `${out}\n${note}\n${leftBehind(folder)}`
  for (const [index, form] of poison.entries()) assert.not.ok(all.includes(form), `poison ${index} in:\n${out}${note}`)
}

test('a deployment that goes through writes no secret anywhere but on the hosts', async (context) => {
  const { lab } = context
  await lab.commit(await labWith(1))
  const done = await ran(context, { json: true })
  assert.is(done.exit, 0, done.note)
  assert.match(lab.read('n1', 'etc/keepalived/keepalived.conf') ?? '', `auth_pass ${password}`)
  assert.is(lab.read('n1', 'etc/tinc/mesh/rsa_key.priv')?.trim(), keys['n1']?.trim())
  assertClean(done, lab.repository.folder)
})

test('nor does one that fails, with --debug, where a daemon prints the line with the secret in three forms', async (context) => {
  const { lab } = context
  const program = join(dirname(lab.hosts.folder('n1')), '.lab/bin/keepalived')
  const before = readFileSync(program, 'utf8')
  const tells = [
    'line=$(grep auth_pass "$path")',
    'coded=$(echo "$line" | base64 -w 0)',
    'url=$(echo "$line" | sed "s/%/%25/;s/>/%3E/")',
    'cat "$path"',
    'echo "error near $line, $coded and $url" >&2',
    'exit 5',
  ].join('\n')
  writeFileSync(
    program,
    before.replace(/^on_host "\$file"$/m, (found) => `${found}\n${tells}`),
  )
  await lab.commit(await labWith(2))
  const failed = await ran(context, { json: true })
  assert.is(failed.exit, 3, failed.note)
  assert.match(failed.out, /error near +auth_pass \*\*\*, \w+\*\*\*\w* and +auth_pass \*\*\*/)
  assertClean(failed, lab.repository.folder)
  assert.is(failed.leaks, 0)
  writeFileSync(program, before)
})

test('nor does an error that nobody expected, with its stack and its cause', async (context) => {
  const { lab } = context
  const cause = new Error(`and ${Buffer.from(`x${password}x`).toString('base64')}`)
  const connect = async () => {
    throw new TypeError(`cannot send ${password} and ${JSON.stringify(keys)}`, { cause })
  }
  const broken = await ran(context, {}, { ...lab.reach, connect: () => Promise.resolve(connect) })
  assert.not.equal(broken.exit, 0)
  assertClean(broken, lab.repository.folder)
})

const plants: readonly (readonly [
  where: string,
  plant: (quiet: Discreet, raw: Terminal, artifacts: string) => void,
])[] = [
  ['standard output', (_, raw) => raw.out(`{"auth_pass":${JSON.stringify(password)}}\n`)],
  ['standard error', (_, raw) => raw.note(`${keys['n2']!.split('\n')[9]}\n`)],
  [
    'log.txt',
    (_, __, artifacts) => appendFileSync(join(artifacts, 'log.txt'), `one\ntwo ${encodeURIComponent(password)}`),
  ],
  [
    join('deep', 'summary.md'),
    (_, __, artifacts) => {
      mkdirSync(join(artifacts, 'deep'))
      writeFileSync(join(artifacts, 'deep/summary.md'), Buffer.from(`ab ${keys['n3']}`).toString('base64'))
    },
  ],
]
for (const [where, plant] of plants) {
  test(`a leak is found at once, and fails the run: ${where}`, async (context) => {
    const { lab, artifacts } = context
    await lab.commit(await labWith(1))
    const leaky = await ran(context, { apply: false }, lab.reach, (quiet, raw) => plant(quiet, raw, artifacts))
    assert.is(leaky.exit, 4)
    assert.is(leaky.leaks, 1)
    const said = leaky.note.slice(leaky.note.indexOf('error: the secret'))
    const id =
      where === 'standard error' ? 'tinc.mesh.n2' : where.endsWith('.md') ? 'tinc.mesh.n3' : 'keepalived.mesh.password'
    assert.match(said, `error: the secret "${id}" is in what this run wrote`)
    assert.match(said, new RegExp(`where .*${where.replaceAll(/[./]/g, '.')}:\\d+ \\("${id}"\\)`))
    assert.not.ok(poison.some((form) => said.includes(form)))
    assert.ok(existsSync(artifacts))
  })
}

test('what is printed on the terminal of a run is masked, also beside the verb', async (context) => {
  await context.lab.commit(await labWith(1))
  const masked = await ran(context, { apply: false }, context.lab.reach, (quiet) => quiet.note(`it is ${password}\n`))
  assert.is(masked.exit, 0, masked.note)
  assert.match(masked.note, 'it is ***')
})

test("in a workflow GitHub's runner gets every form, but where standard output may be kept in a file", async (context) => {
  const { lab } = context
  await lab.commit(await labWith(1))
  const before = process.env['GITHUB_ACTIONS']
  const write = process.stdout.write.bind(process.stdout)
  let printed = ''
  process.env['GITHUB_ACTIONS'] = 'true'
  process.stdout.write = (chunk: string | Uint8Array) => (printed += String(chunk)) !== ''
  try {
    await ran(context, { apply: false, json: true })
    assert.is(printed, '')
    await ran(context, { apply: false })
  } finally {
    process.stdout.write = write
    if (before === undefined) delete process.env['GITHUB_ACTIONS']
    else process.env['GITHUB_ACTIONS'] = before
  }
  const given = new Set(printed.split('\n').map((line) => line.replace('::add-mask::', '').replaceAll('%25', '%')))
  const expected = fstatSync(1).isFile() ? [] : poison
  assert.equal(
    expected.filter((form) => !given.has(form) && !given.has(form.replaceAll('%25', '%'))),
    [],
  )
  if (expected.length === 0) assert.is(printed, '')
})

test('a file that was tampered with is refused before a host is asked, also where nothing is to be done', async (context) => {
  const { lab } = context
  const files = await labWith(1)
  // The deployments that failed above hold the next one.
  lab.repository.git('update-ref', '-d', 'refs/quorate/unfinished')
  await lab.commit({ ...files, 'secrets.yaml': files['secrets.yaml']!.replace('2026-01-02', '2026-01-03') })
  for (const apply of [false, true]) {
    const connect = async () => assert.unreachable('a host was asked') as never
    const refused = await ran(context, { apply }, { ...lab.reach, connect: () => Promise.resolve(connect) })
    assert.is(refused.exit, 4)
    assert.match(refused.note, 'error: the MAC of the secrets does not decrypt with their key and date')
    assert.match(refused.note, /where \S+\/lab\/secrets\.yaml:\d+\n/)
  }
})

test.run()
