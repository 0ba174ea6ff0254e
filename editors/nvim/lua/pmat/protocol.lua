---@meta
---The server's own requests, version 1: docs/protocol.md. What the plugin does not use is left out.

---@class pmat.Place
---@field uri string
---@field range lsp.Range
---@field text string

---@class pmat.Hop
---@field from string
---@field to string
---@field via string
---@field source string address
---@field address string
---@field place pmat.Place?

---@class pmat.Finding
---@field id string
---@field verdict 'leaked'|'self-held'
---@field code string of its diagnostic
---@field pattern string
---@field reach string[] how live code can reach something self-held
---@field title string
---@field shape string
---@field cure string
---@field ignored string?
---@field chain string
---@field count integer
---@field bytes integer
---@field handles integer[]
---@field addresses string[]
---@field place pmat.Place?
---@field places pmat.Place[]
---@field hops pmat.Hop[]
---@field document string

---@class pmat.Dump
---@field uri string
---@field name string
---@field previous string?

---@class pmat.Choice
---@field uri string
---@field name string
---@field path string
---@field open boolean
---@field front boolean

---@class pmat.Leaks
---@field state 'none'|'loading'|'ready'|'failed'
---@field version integer
---@field message string
---@field dump pmat.Dump?
---@field dumps pmat.Choice[]?
---@field findings pmat.Finding[]
---@field selfHeld pmat.Finding[] what only holds itself, but live code can still reach

---@class pmat.Changed
---@field dump string?
---@field state 'none'|'loading'|'ready'|'failed'
---@field message string
---@field version integer

---@class pmat.Parameter
---@field name string
---@field takes 'flag'|'number'|'index'|'choice'|'text'|'sv'|'words'|'terms'
---@field help string
---@field positional boolean
---@field required boolean
---@field choices string[]

---@class pmat.Question
---@field name string
---@field title string
---@field dumps { least: integer, most: integer? }
---@field parameters pmat.Parameter[]

---@class pmat.RunResult
---@field answer { title: string, rows: table[] }
---@field text string

---@class pmat.Fix
---@field title string
---@field safety 'safe'|'review'
---@field reason string
---@field verified boolean?

---@class pmat.Fixes
---@field fixes pmat.Fix[]
---@field whyNone string
---@field byHand string
---@field folder string?
---@field command string
---@field warning string

---@class pmat.Trial: pmat.Fix
---@field outcome string
---@field diff string
---@field edit lsp.WorkspaceEdit? only where it is verified

---@class pmat.Verification
---@field trials pmat.Trial[]
---@field notes string[]
