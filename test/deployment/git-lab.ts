/** A lab in a real git repository, on embedded nodes: the verbs on it, as a person calls them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderers } from '../../renderers/index.ts'
import { deploy, type DeployOptions, type Reach } from '../../scripts/deploy.ts'
import { requireRendering } from '../../scripts/lib/bundle/lab-rendering.ts'
import { parseKnownHosts } from '../../scripts/lib/deployment/known-hosts.ts'
import { connector } from '../../scripts/lib/deployment/remote.ts'
import { startEmbeddedLab, type EmbeddedLab } from '../../scripts/lib/twin/embedded/lab.ts'
import { temporaryRepository, type TemporaryRepository } from '../bundle/temporary-repository.ts'

export interface GitLab {
  readonly repository: TemporaryRepository
  readonly hosts: EmbeddedLab
  readonly reach: Reach
  /** The lab's folder. */
  readonly lab: string
  /** Makes the lab hold exactly this, and commits it; the commit's hash. */
  commit(files: LabFiles): Promise<string>
  /** Calls the verb, with --apply unless told otherwise. */
  deploy(options?: Partial<DeployOptions>): Promise<Called>
  /** Where refs/quorate/deployed is; null where there is none. */
  deployed(): string | null
  /** A host's file; null where there is none. */
  read(host: string, path: string): string | null
  close(): Promise<void>
}

/** By path, relative to the lab's folder. */
export type LabFiles = Readonly<Record<string, string>>

export interface Called {
  readonly exit: number
  readonly out: string
  readonly note: string
}

const base: LabFiles = {
  'lab.yaml': 'name: small\nplatform: debian\nmanagement: { user: root, port: 22, network: public }\n',
  'networks.yaml': 'public:\n  title: Public\n  carrier: physical\n  subnets: [192.0.2.0/24]\n',
}

/** A lab of these nodes, n1 with 192.0.2.11 and so on; `items`: lab/services/custom.yaml; `files`: below lab/files. */
export function labOf(nodes: readonly string[], items: string, files: LabFiles): LabFiles {
  const definitions = nodes.map((name) => [`nodes/${name}.yaml`, nodeFile(name)] as const)
  const sources = Object.entries(files).map(([path, text]) => [`files/${path}`, text] as const)
  return { ...base, ...Object.fromEntries([...definitions, ...sources]), 'services/custom.yaml': items }
}

function nodeFile(name: string): string {
  const id = Number(name.slice(1))
  return `title: ${name}\nid: ${id}\naddresses:\n  public: { port: eno1, address: 192.0.2.${10 + id}/24, gateway: 192.0.2.1 }\n`
}

/** Starts the embedded nodes of a lab, bare; `whole` names every node and need that any commit will have. */
export async function startGitLab(whole: LabFiles): Promise<GitLab> {
  const repository = await temporaryRepository()
  const lab = join(repository.folder, 'lab')
  const put = (files: LabFiles) => {
    rmSync(lab, { recursive: true, force: true })
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(lab, path)), { recursive: true })
      writeFileSync(join(lab, path), text)
    }
  }
  put(whole)
  const silent = { note: (text: string) => process.stderr.write(text), colour: false, warnings: false }
  const rendering = await requireRendering(lab, repository.folder, renderers, silent)
  const folder = join(repository.folder, 'node_modules', 'hosts')
  const hosts = await startEmbeddedLab({ rendering, folder, pace: 20 })
  const knownHosts = parseKnownHosts(hosts.knownHosts)
  const identity = { privateKey: hosts.privateKey }
  const reach: Reach = {
    connect: (ways) => Promise.resolve(connector({ ways, knownHosts, identity, dial: hosts.dial })),
    clock: hosts.clock,
  }
  return {
    repository,
    hosts,
    reach,
    lab,
    async commit(files) {
      put(files)
      return repository.commit({ '.gitignore': 'node_modules/\n' })
    },
    async deploy(options = {}) {
      const printed = { out: '', note: '' }
      const terminal = {
        out: (text: string) => void (printed.out += text),
        note: (text: string) => void (printed.note += text),
        colour: false,
        columns: 120,
        live: false,
      }
      const asked = { ...nothingSpecial, lab, apply: true, ...options }
      const exit = await deploy(asked, terminal, reach)
      return { exit, ...printed }
    },
    deployed() {
      const ref = repository.git('for-each-ref', '--format=%(objectname)', 'refs/quorate/deployed').trim()
      return ref === '' ? null : ref
    },
    read(host, path) {
      try {
        return readFileSync(join(hosts.folder(host), path), 'utf8')
      } catch {
        return null
      }
    },
    async close() {
      await hosts.close()
      await repository.remove()
    },
  }
}

/** No exception, and no document. */
export const nothingSpecial = {
  only: [],
  without: [],
  adopt: false,
  override: [],
  acceptOutage: [],
  artifacts: [],
  keep: false,
  json: false,
} as const
