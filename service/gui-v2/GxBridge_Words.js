.pragma library
.import "GxBridge_Tables.js" as Tables

/* Sentences in the user's language, from the ids and arguments on D-Bus.

   The tables have the English sentences of this very version. A translation is shown only where the English sentence,
   filled in with the arguments, is letter by letter what the service published: whatever is not known, of another
   version or cannot be taken apart stays the service's own English. Nothing is guessed. */

const AMOUNT = "(?:-?[0-9.]+ [AV]|none|no limit)"

// Arguments that may hold words of English. Others are names, numbers and paths, which are the same in every language.
const PROSE = ["why", "what", "who", "how", "word", "doubt", "reason", "problem", "contradiction", "says", "other_says",
	"kept", "text", "trouble", "system", "soon", "loads", "permission", "state", "cure", "is_now", "was", "channel",
	"other_channel", "shown", "fault", "left_out", "mark", "bound", "input", "point", "terminal"]

function translated(id) {
	const found = qsTrId(id)
	return found === id ? "" : found
}

function filled(template, words) {
	return template.replace(/\{(\w+)\}/g, (all, name) => name in words ? words[name] : all)
}

function capital(text) {
	return text.charAt(0).toUpperCase() + text.slice(1)
}

// Names come from devices, and the GUI's labels take what looks like HTML for HTML.
function plain(text) {
	return text.replace(/</g, "‹")
}

function lines(parts) {
	return plain(parts.filter(part => part).join("\n"))
}

// JSON whose numbers stay as they are written: "12.0" would become 12.
function argumentsOf(json) {
	try {
		return JSON.parse(json.replace(/([:\[,]\s*)(-?\d[\d.eE+-]*)(?=\s*[,}\]])/g, "$1\"$2\""))
	} catch (error) {
		return {}
	}
}

function pattern(template) {
	const literal = template.split(/\{\w+\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
	return literal.join("(.+?)")
}

function names(template) {
	return (template.match(/\{\w+\}/g) || []).map(name => name.slice(1, -1))
}

// What a template of `rows` was filled in with to become this text: [{row, words}] for each that fits.
function matches(rows, text, before, after) {
	const found = []
	for (const row of rows) {
		const match = new RegExp("^" + before(row) + pattern(row.text) + after(row) + "$").exec(text)
		if (match) {
			const words = {}
			names(row.text).forEach((name, n) => words[name] = match[n + 1])
			found.push({ "row": row, "words": words })
		}
	}
	return found
}

// The one row that fits, in the user's language; "" where none or more than one does.
function only(rows, text) {
	const found = matches(rows, text, () => "", () => "")
	return found.length === 1 ? render(found[0].row.tr, found[0].words) : ""
}

// The translation of a text with its words, "" where it or one of them has none.
function render(id, words) {
	const template = translated(id)
	if (!template) {
		return ""
	}
	const own = {}
	for (const name in words) {
		own[name] = PROSE.indexOf(name) < 0 ? words[name] : prose(words[name])
		if (words[name] !== "" && own[name] === "" && template.indexOf("{" + name + "}") >= 0) {
			return ""
		}
	}
	return filled(template, own)
}

function quantity(text) {
	return text === "none" ? translated("gxbridge_none") : text === "no limit" ? translated("gxbridge_no_limit") : text
}

// Words inside a sentence: a number with its unit, a phrase, or a reason, with its value in front or without.
function prose(text) {
	if (new RegExp("^(?:" + AMOUNT + "|[0-9.]*)$").test(text)) {
		return quantity(text)
	}
	const said = new RegExp("^(" + AMOUNT + ") (.+)$").exec(text)
	if (said) {
		const reason = only(Tables.REASONS.filter(row => row.kind === "said"), said[2])
		if (reason) {
			return quantity(said[1]) + " " + reason
		}
	}
	const plain = only(Tables.PHRASES, text) || only(Tables.REASONS, text)
	if (plain) {
		return plain
	}
	const lower = only(Tables.REASONS, text.charAt(0).toLowerCase() + text.slice(1))
	return lower ? capital(lower) : ""
}

// "user limit 60 A", "60 A said by the BMS", "0 A: the BMS is silent": what would hold next.
function next(text) {
	const amount = "(" + AMOUNT + ")"
	for (const row of Tables.REASONS) {
		const own = pattern(row.text)
		const form = row.named ? own + " " + amount : amount + (row.kind === "said" ? " " : ": ") + own
		const match = new RegExp("^" + form + "$").exec(text)
		if (!match) {
			continue
		}
		const groups = match.slice(1)
		const value = quantity(row.named ? groups.pop() : groups.shift())
		const words = {}
		names(row.text).forEach((name, n) => words[name] = groups[n])
		const reason = render(row.tr, words)
		return !reason ? "" : row.named ? reason + " " + value : value + (row.kind === "said" ? " " : ": ") + reason
	}
	return ""
}

// The sentence of a limit and what would hold next: {sentence, next}.
function limit(published, id, json) {
	if (!published) {
		return { "sentence": "", "next": "" }
	}
	const start = /^(?:CVL|CCL|DCL|Charge current|Multi) [^:]+: /.exec(published)
	const told = start ? published.slice(start[0].length) : published
	const at = told.lastIndexOf(" Next: ")
	const english = {
		"sentence": capital(at < 0 ? told : told.slice(0, at)),
		"next": at < 0 ? "" : told.slice(at + 7).replace(/\.$/, "")
	}
	const row = Tables.REASONS.find(one => one.ids.indexOf(id) >= 0)
	const words = argumentsOf(json || "{}")
	if (!start || !row || told.indexOf(filled(row.text, words)) !== 0) {
		return english
	}
	let text = render(row.tr, words)
	let rest = (at < 0 ? told : told.slice(0, at)).slice(filled(row.text, words).length)
	const likely = /^ \(likely: (.*?)\)(?=\.(?: |$))/.exec(rest)
	if (text && likely) {
		const causes = likely[1].split(", ").map(cause => only(Tables.REASONS.filter(one => one.kind === "inferred"), cause))
		const template = translated("gxbridge_likely")
		text = template && causes.every(cause => cause) ? text + " " + template.replace("%1", causes.join(", ")) : ""
		rest = rest.slice(likely[0].length)
	}
	if (!text || rest.charAt(0) !== ".") {
		return english
	}
	text = capital(text) + "."
	rest = rest.slice(1)
	while (rest) {
		const term = /^ (.+?\.)(?= [A-Z]|$)/.exec(rest)
		const own = term ? only(Tables.REASONS, term[1].charAt(0).toLowerCase() + term[1].slice(1, -1))
				|| only(Tables.REASONS, term[1].slice(0, -1)) : ""
		if (!own) {
			return english
		}
		text += " " + capital(own) + "."
		rest = rest.slice(term[0].length)
	}
	const following = english.next ? next(english.next) : ""
	return english.next && !following ? english : { "sentence": text, "next": following }
}

// A finding: {text, advice}. One id has several sentences: another in monitor mode.
function finding(id, json, text, advice) {
	const english = { "text": text || "", "advice": advice || "" }
	const words = argumentsOf(json || "{}")
	const rows = Tables.FINDINGS.filter(row => row.id === id)
	const said = rows.find(row => filled(row.text, words) === text)
	const advised = rows.find(row => filled(row.advice, words) === advice)
	return {
		"text": (said && (said.text === "{why}" ? prose(words.why || "") : render(said.trText, words))) || english.text,
		"advice": (advised && advised.advice && render(advised.trAdvice, words)) || english.advice
	}
}

function amount(value, unit) {
	if (value === undefined || value === null) {
		return "--"
	}
	return unit === "A" && value >= 5000 ? qsTrId("gxbridge_no_limit") : value.toFixed(unit === "V" ? 2 : 1) + " " + unit
}

function range(low, high, unit, decimals) {
	const said = [low, high].filter(value => value !== undefined && value !== null).map(value => value.toFixed(decimals))
	return said.join(" – ") + " " + unit
}

function two(number) {
	return (number < 10 ? "0" : "") + number
}

// Epoch seconds in the GX's (or the browser's) time.
function moment(seconds) {
	const at = new Date(seconds * 1000)
	return at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate()) + " " + two(at.getHours()) + ":"
			+ two(at.getMinutes()) + ":" + two(at.getSeconds())
}

function known(prefix, word) {
	return word === undefined || word === null ? "" : translated(prefix + word) || String(word)
}

function state(word) {
	return known("gxbridge_state_", word)
}

function severity(word) {
	return known("gxbridge_severity_", word)
}

function distributor(status) {
	return known("gxbridge_distributor_", status)
}
