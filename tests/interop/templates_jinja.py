"""Chat templates: the reference renderings of tests/jinja_cases.json by Jinja2, as transformers sets it up,
and `pupil render` beside transformers' apply_chat_template.

    python tests/interop/templates_jinja.py --write      writes cases.json anew

Each case: source, place of its names, and either text or refused (true: raise_exception).
"""

import json
import sys
from pathlib import Path

import common
from common import json_lines, law, pupil

from jinja2.exceptions import TemplateError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment
from transformers import AutoTokenizer

FILE = common.ROOT / "tests/jinja_cases.json"

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  two\nlines "},
    {"role": "assistant", "content": "<think>\nhm\n</think>\n\nGr\u00fc\u00dfe \U0001f642"},
    {"role": "user", "content": ""},
]
CHATML = """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
LLAMA2 = """{%- if messages[0]['role'] == 'system' -%}
  {%- set first = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' -%}
  {%- set rest = messages[1:] -%}
{%- else -%}
  {%- set first = '' -%}
  {%- set rest = messages -%}
{%- endif -%}
{%- for m in rest -%}
  {%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) -%}
    {{ raise_exception('user and assistant must take turns') }}
  {%- endif -%}
  {%- if m['role'] == 'user' -%}
    {{ bos_token + '[INST] ' + ((first if loop.first else '') + m['content']).strip() + ' [/INST]' }}
  {%- else -%}
    {{ ' ' + m['content'].strip() + ' ' + eos_token }}
  {%- endif -%}
{%- endfor -%}
"""
ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% else %}
{{ '<|assistant|>\\n' + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
"""
SOURCES = [
    "plain text", "", "a\n", "a\n\n", "a\r\nb\r{{ 'c' }}\r\n", "{{ 'a' }}   {% if true %}x{% endif %}",
    "   {% if true %}x{% endif %}\n\n", "{% if true %}\n   {% endif %}|", "{% if true %}  {% endif %}|",
    "{# c #}  {% if true %}x{% endif %}", "{# c #}\n  {% if true %}x{% endif %}|", "{% if true -%} \n  {% endif %}|",
    "a\n   {{ 'b' }}\n", "a  {%- if true %}x{% endif %}\n  {{- 'b' }}", "  {%+ if true %}x{% endif %}", "{% if true +%}\nx{% endif %}",
    "a \n {#- c -#} \n b", "{{ 'it\\'s' }}{{ \"\\\"\\t\\\\\" }}{{ '}}' }}{{ '%}' }}",
    "{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ (0 - 7) // 2 }} {{ (0 - 7) % 3 }} {{ -3 }} {{ 2 * (3 + 4) }}",
    "{{ 'a' ~ 1 ~ true ~ none ~ nothing }}", "{{ nothing }}|{{ nothing is defined }}|{{ x is defined }}|{{ none is none }}|{{ nothing is none }}",
    "{{ 1 < 2 < 3 }}{{ 1 < 2 > 3 }}{{ 1 == 1 }}{{ 1 != 1 }}{{ 2 >= 2 }}{{ 'a' == \"a\" }}{{ true == false }}{{ nothing == none }}",
    "{{ 'a' in 'cat' }}{{ 'x' not in 'cat' }}{{ 1 in [1, 2] }}{{ 'role' in messages[0] }}{{ not 'a' in 'b' }}{{ not x is defined }}",
    "{{ 'yes' if x else 'no' }}{{ 'yes' if nothing else 'no' }}{{ 'yes' if nothing }}{{ 1 if false else 2 if false else 3 }}",
    "{{ nothing or 'b' }}{{ x and 'c' }}{{ '' or 0 or [] or 'd' }}{{ nothing and nothing.x }}{{ x or nothing.x }}",
    "{{ messages[0].role }}{{ messages[-1]['role'] }}{{ messages[9] is defined }}{{ messages[0].name is defined }}{{ messages | length }}",
    "{% for m in messages[1:] %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }};{% endfor %}",
    "{% for m in messages[::-1] %}{{ m.role }} {% endfor %}|{% for m in messages[:-1] %}{{ m.role }} {% endfor %}|{% for m in messages[1:2] %}{{ m.role }}{% endfor %}",
    "{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ m.content }}{% else %}none{% endfor %}|{% for m in [] %}x{% else %}none{% endfor %}",
    "{% for m in messages %}{{ loop.previtem.role if not loop.first }}>{{ loop.nextitem.role if not loop.last }} {% endfor %}",
    "{% set a = 1 %}{% for m in messages %}{% set a = 2 %}{% endfor %}{{ a }}{% if true %}{% set a = 3 %}{% endif %}{{ a }}",
    "{% set ns = namespace(n=0, last='') %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set ns.last = m.role %}{% endfor %}{{ ns.n }}{{ ns.last }}",
    "{% if nothing %}a{% elif x %}b{% elif nothing.x %}c{% else %}d{% endif %}{% if nothing %}{% else %}e{% endif %}",
    "{{ '  a b  ' | trim }}|{{ ' a '.strip() }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ '\\n\\na\\n'.lstrip('\\n') }}|{{ 'aXb'.rstrip('b') }}",
    "{{ 'a</think>b'.split('</think>')[-1] }}{{ 'abc'.split('x') | first }}{{ 'a,b,c'.split(',') | last }}{{ 'a,b'.split(',') | length }}",
    "{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('ab') }}{{ 'abc'[1] }}{{ 'abc'[-1:] }}{{ 'abc'[:2] }}{{ 'Gr\u00fc\u00dfe' | length }}{{ 'Gr\u00fc\u00dfe'[2] }}",
    "{{ messages[0].get('role') }}{{ messages[0].get('x', 'y') }}{{ messages[0].get('x') is none }}{{ nothing | default('z') }}{{ '' | default('z', true) }}{{ '' | default('z') }}{{ 5 | string + '1' }}",
    "{{ x is string }}{{ messages is iterable }}{{ messages[0] is mapping }}{{ x is not string }}{{ true is true }}{{ 1 is true }}{{ tools is none }}{{ tools is defined }}",
    "{% generation %}a{{ x }}{% endgeneration %}\nb", "{{ raise_exception('no') }}", "{% if nothing %}{{ raise_exception('no') }}{% endif %}ok",
    "{{ [1, [2, 3]][1][0] }}{{ ['a', 'b',][1] }}{{ ('c') }}",
    CHATML, LLAMA2, ZEPHYR,
]


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation])

    def raise_exception(message):
        raise TemplateError(message)

    env.globals["raise_exception"] = raise_exception
    return env


def cases():
    """Names, listed once, and cases that refer to them by their place."""
    env, names, list_of_cases = environment(), [], []
    for source in SOURCES:
        is_chat = source in (CHATML, LLAMA2, ZEPHYR)
        for prompt in (False, True) if is_chat else (False,):
            for messages in (CHAT, CHAT[1:3], CHAT[2:]) if is_chat else (CHAT,):
                known = {"messages": messages, "add_generation_prompt": prompt, "x": "x", "tools": None,
                         "bos_token": "<s>", "eos_token": "</s>"}
                if known not in names:
                    names.append(known)
                case = {"source": source, "names": names.index(known)}
                try:
                    case["text"] = env.from_string(source).render(**known)
                except TemplateError:
                    case["refused"] = True
                list_of_cases.append(case)
    return {"names": names, "cases": list_of_cases}


def cases_as_text():
    return json.dumps(cases(), ensure_ascii=True, indent=0) + "\n"


def check_commands(folder):
    """Folders of ours with a template of their own: the texts, and the ids where nothing special is typed."""
    data = Path(folder) / "data.jsonl"
    talks = [[{"role": r, "content": c} for r, c in talk] for talk in (
        [("user", " Hi there \n"), ("assistant", "Hello!")],
        [("system", "Be brief."), ("user", "2 + 2?"), ("assistant", "4"), ("user", "Sure?"), ("assistant", "Yes.\n\nIt is.")],
    )]
    data.write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks))
    for name, source, specials in (
        ("chatml", CHATML, "<|im_start|>,<|im_end|>"),
        ("llama2", LLAMA2, "<s>,</s>"),
        ("zephyr", ZEPHYR, "<|system|>,<|user|>,<|assistant|>,</s>"),
    ):
        out = Path(folder) / name
        pupil("train-tokenizer", "--text", common.write_text(folder), "--vocab-size", 400,
              "--special-tokens", specials + ",<|endoftext|>", "--out", out, "--quiet")
        (out / "chat_template.jinja").write_text(source)
        config = json.loads((out / "tokenizer_config.json").read_text())
        config |= {"bos_token": "<s>", "eos_token": "</s>"} if "</s>" in specials else {}
        (out / "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = AutoTokenizer.from_pretrained(out)
        for choice in (name, "model"):
            rows = json_lines(pupil("render", "--tokenizer", out, "--data", data, "--template", choice, "--json", "--quiet"))
            for talk, row in zip(talks, rows, strict=True):
                text = tokenizer.apply_chat_template(talk, tokenize=False)
                law(row["text"] == text, f"{choice} of {name}, {len(talk)} messages: transformers' text",
                    "" if row["text"] == text else (row["text"], text))
                ids = tokenizer(text, add_special_tokens=False)["input_ids"]
                law(tokenizer.decode(row["ids"]) == text, f"{choice} of {name}, {len(talk)} messages: ids decode to it")
                if name != "chatml":  # where contents and line breaks may merge, ours are encoded apart
                    continue
                law(row["ids"] == ids, f"{choice} of {name}, {len(talk)} messages: transformers' ids",
                    "" if row["ids"] == ids else (row["ids"], ids))


if "--write" in sys.argv:
    FILE.write_text(cases_as_text())
    sys.exit()
law(FILE.read_text() == cases_as_text(), f"{FILE.name}: as Jinja2 renders it")
with common.scratch() as scratch:
    check_commands(scratch)
common.finish()
