"""The reference renderings of tests/golden/jinja/cases.json, by Jinja2 as transformers sets it up.

    python tests/interop/jinja_cases.py           compares the file with Jinja2; exit 1 where they differ
    python tests/interop/jinja_cases.py --write   writes it

Needs jinja2 (3.1). Each case: source, names, and either text or refused (true: raise_exception).
"""
import json
import pathlib
import sys

from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

FILE = pathlib.Path(__file__).parent.parent / "golden" / "jinja" / "cases.json"

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
    env = environment()
    for source in SOURCES:
        for prompt in (False, True) if source in (CHATML, LLAMA2, ZEPHYR) else (False,):
            for messages in (CHAT, CHAT[1:3], CHAT[2:]) if source in (CHATML, LLAMA2, ZEPHYR) else (CHAT,):
                names = {"messages": messages, "add_generation_prompt": prompt, "x": "x", "tools": None,
                         "bos_token": "<s>", "eos_token": "</s>"}
                case = {"source": source, "names": names}
                try:
                    case["text"] = env.from_string(source).render(**names)
                except TemplateError:
                    case["refused"] = True
                yield case


def main():
    text = json.dumps(list(cases()), ensure_ascii=True, indent=0) + "\n"
    if "--write" in sys.argv:
        FILE.write_text(text)
        return 0
    same = FILE.read_text() == text
    print(f"{FILE.name}: {len(json.loads(text))} renderings, {'as stored' if same else 'not as stored'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
