/** Run as a program of its own: starts a lab with a long command on it, prints that command's process id, and waits to be killed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startEmbeddedLab } from '../../../scripts/lib/twin/embedded/lab.ts'
import { login } from './client.ts'
import { addressOf, smallRendering } from './small-lab.ts'

const lab = await startEmbeddedLab({ rendering: smallRendering(), folder: process.argv[2] ?? '', pace: 1 })
const client = await login(lab, addressOf('pve1'))
void client.exec('/bin/sleep 600 & echo $! >pid.new; mv pid.new pid; wait')
const file = join(lab.folder('pve1'), 'pid')
while (!existsSync(file)) await lab.clock.sleep(10)
process.stdout.write(readFileSync(file, 'utf8'))
