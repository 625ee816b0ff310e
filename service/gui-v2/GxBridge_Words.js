.pragma library
.import "GxBridge_Tables.js" as Tables

/* Sentences in the user's language, from the ids and arguments on D-Bus.

   The tables have the English sentences of this very version. A translation is shown only where the English sentence,
   filled in with the arguments, is letter by letter what the service published: whatever is not known, of another
   version or cannot be taken apart stays the service's own English. Nothing is guessed. */

const AMOUNT = "(?:-?[0-9.]+ [AV]|none|no limit)"
const QUANTITY = new RegExp("^(?:" + AMOUNT + "|" + Tables.ARGUMENTS.shapes.number + ")$")
const WITH_VALUE = new RegExp("^(" + AMOUNT + ") (.+)$")

// A row longer than this is not taken apart.
const LONGEST = 600

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
	return template.split(/(\{\w+\})/).map((part, n) => n % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
			: "(" + (Tables.ARGUMENTS.shapes[part.slice(1, -1)] || ".+?") + ")").join("")
}

function names(template) {
	return (template.match(/\{\w+\}/g) || []).map(name => name.slice(1, -1))
}

// The longest piece of a template that is no argument: a text without it cannot be of this template.
function longest(template) {
	return template.split(/\{\w+\}/).reduce((most, part) => part.length > most.length ? part : most, "")
}

const compiled = {}

// What this template was filled in with to become this text; null where it was not.
function taken(template, text) {
	const known = compiled[template] || (compiled[template] = { "piece": longest(template), "names": names(template) })
	if (text.indexOf(known.piece) < 0) {
		return null
	}
	known.whole = known.whole || new RegExp("^" + pattern(template) + "$")
	const match = known.whole.exec(text)
	const words = match ? {} : null
	known.names.forEach((name, n) => match && (words[name] = match[n + 1]))
	return words
}

// What somebody said; and the phrases that an argument of a name may be.
const SAID = Tables.REASONS.filter(row => row.kind === "said")
const phrases = {}

function phrasesOf(name) {
	return phrases[name] || (phrases[name] = Tables.PHRASES.filter(row => !row.of.length || row.of.indexOf(name) >= 0))
}

// The row that says most of this text and whose words are all known, in the user's language.
function only(rows, text) {
	for (const row of rows) {
		const words = row.tr ? taken(row.text, text) : null
		const found = words ? render(row, words) : ""
		if (found) {
			return found
		}
	}
	return ""
}

// The translation of a row with its words, "" where it or one of them has none. Where it is nothing but its words it is
// the same in every language.
function render(row, words) {
	const template = row.tr ? translated(row.tr) : /[^\W_]/.test(row.text.replace(/\{\w+\}/g, "")) ? "" : row.text
	if (!template) {
		return ""
	}
	const own = {}
	for (const name in words) {
		own[name] = argument(row.tr, name, String(words[name]))
		if (words[name] !== "" && own[name] === "" && template.indexOf("{" + name + "}") >= 0) {
			return ""
		}
	}
	return filled(template, own)
}

// An argument in the user's language, "" where it has words that are not known.
function argument(id, name, text) {
	const is = (kind) => Tables.ARGUMENTS[kind].indexOf(name) >= 0
	if (is("names")) {
		return prose(text, name) || row(text)
	}
	const begins = /^[;, ]/.test(text)  // what continues a sentence is never a name
	const mixed = is("mixed") && !begins || name === "why" && /_(?:state|blackbox)-/.test(id)
	return mixed ? prose(text, name) || text : begins || is("prose") ? prose(text, name) : text
}

function row(names) {
	const and = " " + translated("gxbridge_and") + " "
	return names.replace(/ and ([0-9]+) more$/, (all, count) => and + translated("gxbridge_more").replace("%1", count))
			.replace(/ and /g, and)
}

function quantity(text) {
	return text === "none" ? translated("gxbridge_none") : text === "no limit" ? translated("gxbridge_no_limit") : text
}

// Words inside a sentence: one thing, or several in a row, each of which is known.
function prose(text, name) {
	const parts = text.length > LONGEST ? [text] : text.split(/(, | and )/)
	for (let n = 1; n <= parts.length; n += 2) {
		const first = one(parts.slice(0, n).join(""), name)
		const rest = first && n < parts.length ? prose(parts.slice(n + 1).join(""), name) : ""
		if (first && (rest || n === parts.length)) {
			return !rest ? first : first + (parts[n] === ", " ? ", " : " " + translated("gxbridge_and") + " ") + rest
		}
	}
	return ""
}

// A number with its unit, a phrase, or a reason, with its value in front or without.
function one(text, name) {
	if (QUANTITY.test(text)) {
		return quantity(text)
	}
	const said = WITH_VALUE.exec(text)
	if (said) {
		const reason = only(SAID, said[2])
		if (reason) {
			return quantity(said[1]) + " " + reason
		}
	}
	const known = (words) => only(Tables.REASONS, words) || only(phrasesOf(name), words)
	const plain = known(text)
	const small = text.charAt(0).toLowerCase() + text.slice(1)
	const lower = plain || small === text ? "" : known(small)
	return plain || (lower ? capital(lower) : "")
}

// "user limit 60 A", "60 A said by the BMS", "0 A: the BMS is silent": what would hold next.
function next(text) {
	const amount = "(" + AMOUNT + ")"
	for (const row of Tables.REASONS.filter(row => text.indexOf(longest(row.text)) >= 0)) {
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
		const reason = render(row, words)
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
	let text = render(row, words)
	let rest = (at < 0 ? told : told.slice(0, at)).slice(filled(row.text, words).length)
	const likely = /^ \(likely: (.*?)\)(?=\.(?: |$))/.exec(rest)
	if (text && likely) {
		const causes = prose(likely[1], "likely")
		text = causes ? text + " " + translated("gxbridge_likely").replace("%1", causes) : ""
		rest = rest.slice(likely[0].length)
	}
	if (!text || rest.charAt(0) !== ".") {
		return english
	}
	text = capital(text) + "."
	rest = rest.slice(1)
	while (rest) {
		const term = /^ (.+?\.)(?= [A-Z]|$)/.exec(rest)
		const own = term ? one(term[1].slice(0, -1), "why") : ""
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
		"text": (said && render({ "text": said.text, "tr": said.trText }, words)) || english.text,
		"advice": (advised && render({ "text": advised.advice, "tr": advised.trAdvice }, words)) || english.advice
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
