"""corrconv questions: every command that it names is run, and shows what its answer says."""

from __future__ import annotations

import json
import shlex

import pytest
from shell import run, trouble

from corrconv.commands.questions.command import read_questions
from corrconv.commands.questions.study import search

QUESTIONS, HISTORY, SYNONYMS = read_questions()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.question)
def test_every_command_runs_and_shows_what_the_answer_says(question):
    done = run(*shlex.split(question.command))
    assert done.exit_code == 0, done.stderr
    assert " ".join(question.shows.split()) in " ".join(f"{done.stdout} {done.stderr}".split())
    shown = [line for line in done.stdout.splitlines() if not line.lstrip().startswith(("the same", "corrconv "))]
    assert max(map(len, shown), default=0) <= 80


def test_there_are_many_and_none_twice():
    assert len(QUESTIONS) >= 50
    assert len({question.question for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        assert question.question.endswith("?")
        assert question.answer.endswith(".")
        assert question.shows


def test_all_are_listed_in_groups_with_lines_to_copy():
    shown = run("questions").stdout
    for question in QUESTIONS:
        assert f"\n{question.question}\n" in shown
        assert f"  $ corrconv {question.command}\n" in shown


def test_a_word_narrows_them():
    shown = run("questions", "PyTorch").stdout
    assert "Is PyTorch's Conv2d" in shown
    assert "backpropagation" not in shown
    assert "no question has 'xyzzy' in it; 'corrconv questions' lists all of them" in trouble(run("questions", "xyzzy"))
    # Words begin: "art" is no part of "starts", and letters before it are none.
    assert "no question has 'adient' in it" in trouble(run("questions", "adient"))


# What newcomers typed, and a question that they should find.
SEARCHES = {
    "motion": "How do I make motion blur?",
    "fft": "Why does my FFT convolution come out wrapped around?",
    "Fourier": "What is the convolution theorem?",
    "autocorrelation": "What is autocorrelation?",
    "median": "Is a median filter a convolution?",
    "keras": "What does padding='same' mean with a stride?",
    "stride": "What does a stride do?",
    "padding": "How much padding keeps the size?",
    "sharpen": "How do I sharpen a picture?",
    "edges": "Why do the weights of an edge filter add up to 0?",
    "blurring": "Is blurring twice one larger blur?",
    "symmetry": "Is a symmetric kernel always enough?",
    "deconvolution": "Can a blur be undone?",
    "moving average": "How do I compute a moving average?",
    "how do I shift an image?": "How do I shift a picture with a kernel?",
    "im2col": "Is a convolution a matrix multiplication?",
    "rgb": "How is a colour (RGB) picture filtered?",
    "deblur": "Can a blur be undone?",
}


@pytest.mark.parametrize("words", SEARCHES)
def test_what_newcomers_search_is_found(words):
    found = search(QUESTIONS, words, SYNONYMS)
    assert SEARCHES[words] in {question.question for question in found}
    assert len(found) < len(QUESTIONS) / 2


# What learners type as a sentence, and the question that must come first.
SENTENCES = {
    "why does conv2 give the opposite sign of what I expect": "Why does conv2 or convolve2d give the opposite sign",
    "scipy convolve2d gives flipped gradient compared to my sobel loop": "Why does conv2 or convolve2d",
    "difference between filter2D and imfilter in matlab": "Do cv2.filter2D and MATLAB's imfilter",
    "what does mode same mean in convolve2d": "What is the difference between same, full and valid?",
    "how to calculate output size of a conv layer with stride and padding": "How large is the output",
    "why are the edges of my image dark after blurring": "Zero padding darkens the edges",
    "how do I apply gaussian blur with a given sigma what kernel size": "How large must a Gaussian kernel be",
    "why divide the kernel by the sum of its entries": "How do I normalize a kernel?",
    "is cross correlation associative": "Is correlation associative?",
    "how to deconvolve a blurred image": "Can a blur be undone?",
    "how can I find the filter from input and output image": "Which kernel was used between two pictures?",
    "what is transposed convolution is it deconvolution": "What is a transposed convolution",
    "template matching brighter spots win cross correlation not normalized": "Why does plain correlation find",
    "where is the center of a 4x4 kernel": "Where is the center of an even kernel",
    "what does 1x1 convolution do": "What does a 1x1 convolution do?",
    "how does convolution work with rgb image 3 channels": "How is a colour (RGB) picture filtered?",
    "difference between reflect and symmetric padding numpy": "What is the difference between reflect and symm",
    "why is my filtered image shifted by one pixel": "Why is my result moved by one pixel",
    "number of weights in convolutional layer": "How many parameters does a layer have?",
    "max pooling vs strided convolution": "Is pooling a convolution?",
    "how to normalize a kernel": "How do I normalize a kernel?",
    "laplacian kernel negative center or positive": "Is the middle of a Laplacian negative or positive?",
    "what is the point of padding in cnn": "What is padding good for in a CNN?",
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_answered_by_what_comes_first(sentence):
    found = search(QUESTIONS, sentence, SYNONYMS)
    assert found[0].question.startswith(SENTENCES[sentence])
    assert len(found) <= 5


def test_every_synonym_finds_something():
    for word, others in SYNONYMS.items():
        assert all(search(QUESTIONS, other, {}) for other in others), word


def test_several_words_find_what_has_most_of_them():
    shown = run("questions", "moving", "average").stdout
    assert shown.count("$ corrconv") == 1
    assert "How do I compute a moving average?" in shown


def test_the_history_names_a_publication_for_each_fact():
    shown = run("questions", "history").stdout
    assert "1805" in shown
    for event in HISTORY:
        assert event.source.split(",")[0] in " ".join(shown.split())
        assert any(character.isdigit() for character in event.source)
    assert max(map(len, shown.splitlines())) <= 80


def test_scripts_get_questions_commands_and_answers():
    document = json.loads(run("questions", "--json").stdout)
    assert set(document["questions"][0]) == {"question", "command", "answer", "group"}
    assert len(document["questions"]) == len(QUESTIONS)
    assert document["history"]
