import { openMemoryState } from './memory.ts'
import { describeState } from './testing/conformance.ts'

describeState('a control state in memory', async () => openMemoryState())
