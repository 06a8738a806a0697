/** A real git repository in a temporary folder. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface TemporaryRepository {
  /** Absolute, without links. */
  readonly folder: string
  /** Runs git there; its standard output. */
  git(...args: readonly string[]): string
  /** By path. */
  write(files: Readonly<Record<string, string>>): Promise<void>
  read(path: string): Promise<string>
  /** Writes the files and commits everything; the commit's hash. */
  commit(files: Readonly<Record<string, string>>): Promise<string>
  remove(): Promise<void>
}

/** An empty one, on the branch "main"; nothing of the user's git configuration counts in it. */
export async function temporaryRepository(): Promise<TemporaryRepository> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'quorate-test-')))
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.net', '-c', 'commit.gpgsign=false']
  const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  const git = (...args: readonly string[]) =>
    execFileSync('git', [...identity, ...args], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' })
  git('init', '-q', '-b', 'main')
  const write = async (files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
  }
  return {
    folder,
    git,
    write,
    read: async (path) => readFile(join(folder, path), 'utf8'),
    async commit(files) {
      await write(files)
      git('add', '--all')
      git('commit', '-q', '--allow-empty', '-m', 'change')
      return git('rev-parse', 'HEAD').trim()
    },
    remove: async () => rm(folder, { recursive: true, force: true }),
  }
}
