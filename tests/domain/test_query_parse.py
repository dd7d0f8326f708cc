"""Words, phrases, operators: the tree a query becomes."""

from __future__ import annotations

import pytest

from catalog.domain.query import (
    And,
    Filter,
    Not,
    Or,
    Phrase,
    Span,
    TextMatch,
    Words,
    find_field,
    parse,
)


def text_filter(name, *values):
    return Filter(find_field(name), tuple(TextMatch((value,)) for value in values))


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "\u3000", "\ufeff"])
def test_blank_query_has_no_root(text):
    query = parse(text)
    assert query.root is None
    assert query.words == ""
    assert query.filters == ()
    assert query.to_text() == ""


@pytest.mark.parametrize(
    "text",
    [
        "a laptop on a train",
        "B-roll of an e-mail",
        "it's l'été, isn't it?",
        "12:30 at 10:15:00",
        "note: something",
        "http://example.org/x?y=1",
        "std::vector",
        "Потяг — Київ",
        "列車の中のノートパソコン",
        "标题：火车",
        "他说“你好”然后走",
        'קטע צה"ל',
        'a 5" disk',
        "BBC News - Kyiv",
        "--verbose",
        "or and not",
        "50% *bold* #tag @me a/b <x> =y",
        "ผู้ชายกำลังวิ่ง",
        "👩‍🚀 in space",
    ],
)
def test_ordinary_text_is_words(text):
    query = parse(text)
    assert query.root == Words(text)
    assert query.words == text
    assert query.to_text() == text


def test_blanks_between_words_are_one_space():
    assert parse("  a \n b\u3000c ").root == Words("a b c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('"late news"', Phrase("late news")),
        ('"late \n news"', Phrase("late news")),
        (r'"a \"b\" \\ c"', Phrase(r'a "b" \ c')),
        ("„Guten Tag“", Phrase("Guten Tag")),
        ("„Guten Tag”", Phrase("Guten Tag")),
        ("“late news”", Phrase("late news")),
        ("”god morgon”", Phrase("god morgon")),
        ("« bonjour »", Phrase("bonjour")),
        ("»hej«", Phrase("hej")),
        ("＂新闻＂", Phrase("新闻")),
        ('"the “best” news"', Phrase("the “best” news")),
        ('"collection:News"', Phrase("collection:News")),
        ('"OR"', Phrase("OR")),
        ("-rain", Not(Words("rain"))),
        ('-"late news"', Not(Phrase("late news"))),
        ("-(a b)", Not(Words("a b"))),
        ("-(-a)", Not(Not(Words("a")))),
        ("-OR", Not(Words("OR"))),
        ("-12:30", Not(Words("12:30"))),
        ("-codec:prores", Not(text_filter("codec", "prores"))),
        ("a OR b", Or((Words("a"), Words("b")))),
        ("red car OR blue bus", Or((Words("red car"), Words("blue bus")))),
        ("a OR (b OR c)", Or((Words("a"), Words("b"), Words("c")))),
        ("(a OR b) c", And((Or((Words("a"), Words("b"))), Words("c")))),
        ("(a) (b c)", Words("a b c")),
        ("（a）", Words("a")),
        ("word(s)", Words("word s")),
        ("a AND b", Words("a b")),
        ("red -blue car", And((Words("red"), Not(Words("blue")), Words("car")))),
        ('"a"-b', And((Phrase("a"), Not(Words("b"))))),
        ('a AND "b"', And((Words("a"), Phrase("b")))),
        ("codec:prores", text_filter("codec", "prores")),
        ("CODEC:prores", text_filter("codec", "prores")),
        ("codec：prores", text_filter("codec", "prores")),
        (
            "storm (collection:News OR tag:archive) -sport",
            And(
                (
                    Words("storm"),
                    Or((text_filter("collection", "News"), text_filter("tag", "archive"))),
                    Not(Words("sport")),
                )
            ),
        ),
    ],
)
def test_tree(text, tree):
    assert parse(text).root == tree


def test_or_binds_loosest():
    assert parse("a -b OR c d").root == Or((And((Words("a"), Not(Words("b")))), Words("c d")))


def test_words_are_what_is_wanted_in_order():
    query = parse('storm "high tide" codec:prores -rain (boat OR -"red flag" OR ship) -(-x)')
    assert query.words == "storm high tide boat ship"


def test_filters_are_all_of_them():
    query = parse("a -codec:prores (kind:video OR tag:x)")
    assert [each.name for each in query.filters] == ["codec", "kind", "tag"]


def test_spans_are_the_characters_read():
    text = '  red car  -"old  bus" codec:"x y" (a OR b)'
    query = parse(text)
    assert isinstance(query.root, And)
    assert [text[node.span.start : node.span.end] for node in query.root.nodes] == [
        "red car",
        '-"old  bus"',
        'codec:"x y"',
        "a OR b",
    ]
    assert query.root.span == Span(2, len(text) - 1)


def test_span_of_a_negated_group_has_its_parentheses():
    assert parse("-(a b) c").root.nodes[0].span == Span(0, 6)


def test_queries_that_say_the_same_are_equal():
    assert parse("(a)  b -(c)") == parse("a b -c")
    assert hash(parse("tag:x a")) == hash(parse("tags:x  a"))
    assert parse("(a)").text == "(a)"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a AND (b) OR ((c))", "a b OR c"),
        ("-(a)", "-a"),
        ("-( a b )", "-(a b)"),
        ("“x”  y", '"x" y'),
        ('Tags:"archive"', "tag:archive"),
        ("codec:H265,DNxHR", "codec:hevc,dnxhd"),
        ('collection:"Late News"*', 'collection:"Late News"*'),
        ("date:=2024", "recorded:2024"),
        ("recorded:>=2024-02", "recorded:2024-02.."),
        ("recorded:>=2024-01", "recorded:2024.."),
        ("recorded:<=2024-06", "recorded:..2024-06"),
        ("recorded:2024-01-01..2024-12-31", "recorded:2024"),
        ("recorded:2024-01-15T10:30+02:00", "recorded:2024-01-15T08:30"),
        ("added:Today", "added:today"),
        ("duration:>90", "duration:>1m30s"),
        ("duration:00:00:30..2min", "duration:30s..2m"),
        ("size:>1500mb", "size:>1.5gb"),
        ("size:1048576", "size:1mib"),
        ("fps:25.0", "fps:25"),
        ("roll:B", "roll:b"),
        ("name:clip(1).mov", 'name:"clip(1).mov"'),
        ("path:rushes/", "path:rushes"),
    ],
)
def test_canonical_text(text, canonical):
    assert parse(text).to_text() == canonical
    assert parse(canonical) == parse(text)


def test_the_star_of_a_beginning_is_no_part_of_the_meaning():
    query = parse('lapt* on a "5* hotel" 2*3')
    assert query.words == "lapt on a 5* hotel 2*3"
    assert query.to_text() == 'lapt* on a "5* hotel" 2*3'
