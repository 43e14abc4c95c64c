"""What the packer may shorten, and what it must leave."""

import pytest

from journeyfold.collect.snippet.pack import HEADER, packed


def body(source: str) -> str:
    return packed(source).removeprefix(HEADER).strip(";\n")


@pytest.mark.parametrize(
    ("source", "short"),
    [
        ("const name = 1; // why\nuse(name);", "let a=1;use(a)"),
        ("/* two\n lines */ call( a . name );", "call(a.name)"),
        ("const name = { name: 1, other };", "let a={name:1,other}"),
        ("const name = 1; const all = { name };", "let a=1,b={name:a}"),
        ("const { name, id: key } = it;", "let{name:b,id:a}=it"),
        ('const name = "name // not a comment";', 'let a="name // not a comment"'),
        ("const name = `x ${name} name`;", "let a=`x ${a} name`"),
        ('const rule = /[/"] name/g; const name = 4 / 2 / 1;', 'let b=/[/"] name/g,a=4/2/1'),
        ("let count = 0; count++; x = count + +y;", "let a=0;a++;x=a+ +y"),
        ("function go(first, ...rest) { return rest[first]; }", "function c(a,...b){return b[a]}"),
        ("async function* go({ id }) { yield id; }", "async function*b({id:a}){yield a}"),
        ("const call = ({ status }) => !status;", "let b=({status:a})=>!a"),
        ("it.map((each) => each?.each);", "it.map((a)=>a?.each)"),
        ("try { go(); } catch (error) { log(error); }", "try{go()}catch(a){log(a)}"),
        ("f({ a: 1, }, [2, 3,],);", "f({a:1},[2,3])"),
        ("if (is) { const one = 1; }\nconst two = 2;", "if(is){let a=1}let b=2"),
    ],
)
def test_a_program_stays_the_same_in_fewer_bytes(source, short):
    assert body(source) == short


def test_no_short_name_is_one_the_program_takes_from_outside():
    assert body("const name = a + b;") == "let c=a+b"
