"""corrconv probe: what does a function or command really compute?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import report
from corrconv.commands.options import exit_code_option, json_option, quiet_option, without_effect
from corrconv.commands.parameters import SecondsType
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.commands.probe.study import Probe
    from corrconv.libraries.target import Target


@click.command()
@click.argument("target", required=False)
@click.option("--command", "template", metavar="TEMPLATE", help="A command with {image}, {kernel}, {output}.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="An option of the function.")
@click.option("--args", "arguments", metavar="ORDER", help="Of a callable: kernel,image or NAME=image,NAME=kernel.")
@click.option("--image-format", default="png", metavar="NAME", help="Files for --command: png, png16, pgm or tiff.")
@click.option("--timeout", type=SecondsType(), default="20", help="Seconds for one call of a function or command.")
@click.option("--markdown", is_flag=True, help="The survey as a Markdown table.")
@click.option("-v", "--verbose", is_flag=True, help="Show every experiment.")
@json_option
@exit_code_option
@quiet_option
@without_effect("image_format", unless=("template",))
@without_effect("timeout", "verbose", unless=("target", "template"))
@click.pass_context
def command(
    ctx: click.Context,
    target: str | None,
    template: str | None,
    settings: tuple[str, ...],
    arguments: str | None,
    image_format: str,
    timeout: float,
    markdown: bool,
    verbose: bool,
    as_json: bool,
    exit_code: bool,
    quiet: bool,
) -> None:
    """Find out by experiment what TARGET computes, and prove it by prediction.

    TARGET is a known function such as cv2.filter2D or torch.nn.functional.conv2d, a known command such
    as imagemagick.convolve, or any package.module:function or folder/file.py:function: a function of
    image and kernel in either order, by keyword or not, of arrays (H, W), (1, 1, H, W) or (1, H, W, 1),
    of tensors, a PyTorch module, a Keras layer or their class, or class(kernel)(image). Which of these is found by
    trying; --args says the order. It runs in a process of its own, and what it prints is dropped.
    With --command, a command is probed. Without either, everything known that is installed here.
    --exit-code gives 1 if anything is not explained.

    A command's {image} and {output} are files; without {output} it prints the picture. {kernel} stands for
    the weights as csv, {kernel:NOTATION} for another notation, {kernel:file:NOTATION} for a file of it;
    NOTATION: imagemagick, vips, gmic, matlab, numpy, json, csv, npy (a file), ffmpeg, source code as c,
    opencv, torch, java, svg, gimp, or bare numbers as list (1,2,3,4), spaced (1 2 3 4), rows (1,2;3,4),
    sized (2x2:1,2,3,4). There is no shell: for pipes
    and redirections write sh -c '...'.

    --json holds target, called_as, explained, max_deviation, equivalent, and the convention: operation, orientation,
    anchor, boundary, output_size, scale, bias, rounding, overflow.

    \b
    corrconv probe scipy.signal.convolve2d --set mode=same
    corrconv probe my_module:blur -v
    corrconv probe torch.nn:Conv2d --set padding=same
    corrconv probe --command "gmic {image} {kernel:gmic} correlate[0] [1] keep[0] -o {output}"
    corrconv probe
    """
    from corrconv.commands.probe.view import probe_document, probe_text, survey_document, survey_markdown, survey_table
    from corrconv.drawing.console import show, show_document
    from corrconv.libraries.calling import parse_arguments
    from corrconv.libraries.registry import parse_setting, target_named

    if target is not None and template is not None:
        raise click.UsageError("give a TARGET or --command, not both", ctx)
    if template is not None and arguments:
        raise click.UsageError("--args is for callables; a command has placeholders", ctx)
    if template is not None and settings:
        raise click.UsageError("--set is for functions; give a command's arguments in --command", ctx)
    if as_json and (markdown or verbose):
        raise click.UsageError("--json holds all there is; leave out --markdown and -v", ctx)
    chosen = dict(parse_setting(text) for text in settings)
    single: Target | None = None
    if template is not None:
        from corrconv.libraries.command_lines import Command

        single = Command(name=template, template=template, image_format=image_format, timeout=timeout).target()
    elif target is not None:
        single = target_named(target, chosen, timeout, parse_arguments(arguments) if arguments else None)
    elif chosen or arguments:
        raise click.UsageError(f"{'--set' if chosen else '--args'} needs a TARGET", ctx)
    probes = _survey(quiet=quiet) if single is None else [_examined(single, quiet=quiet)]
    if as_json:
        show_document(survey_document(probes) if single is None else probe_document(probes[0]))
    elif markdown:
        click.echo(survey_markdown(probes))
    elif single is None:
        show(survey_table(probes))
    else:
        show(probe_text(probes[0], verbose=verbose), soft_wrap=True)
    if exit_code and not all(probe.explained for probe in probes):
        ctx.exit(1)


def _examined(target: Target, *, quiet: bool) -> Probe:
    from corrconv.commands.probe.equivalents import with_equivalents
    from corrconv.commands.probe.study import probe
    from corrconv.drawing.console import progress

    with progress(quiet=quiet) as bar:
        task = bar.add_task(target.name, total=None)
        found = probe(target, progress=lambda step: bar.update(task, description=f"{target.name}: {step}"))
        if not found.accepted:
            raise CorrconvError(f"{target.name} takes no kernel that was tried: {found.problem}")
        return with_equivalents(target, found)


def _survey(*, quiet: bool) -> list[Probe]:
    from corrconv.commands.probe.equivalents import with_equivalents
    from corrconv.commands.probe.study import probe
    from corrconv.drawing.console import progress
    from corrconv.libraries.registry import known_targets, library_functions

    say = report(quiet=quiet)
    probes = []
    with progress(quiet=quiet) as bar:
        task = bar.add_task("probing", total=None)
        for target in known_targets():
            bar.update(task, description=target.name)
            probes.append(with_equivalents(target, probe(target)))
    here = {found.target.partition(" ")[0] for found in probes}
    runnable = [name for name, function in library_functions().items() if function.runner is not None]
    absent = [name for name in runnable if name not in here]
    if absent:
        say(f"not installed here: {', '.join(absent)}")
    return probes
