"""Networks computed in NumPy, float64, from nothing but the arrays of a model file."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(inputs, weights, name):
    """Outputs (batch, time, units) of an LSTM layer read from zeros; gates i, f, g, o."""
    kernel, recurrent, bias = (
        weights[f"{name}/{w}"] for w in ("kernel", "recurrent_kernel", "bias")
    )
    h = c = np.zeros((len(inputs), len(recurrent)))
    outputs = []
    for x in np.moveaxis(inputs, 1, 0):
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def char_lstm_oracle(weights, ids, memory=None):
    """Logits of a CharLSTM, shape (batch, time, vocab_size).

    ``memory`` has heads, characters, capacity, match_length, log_mixing and line_end of its
    tune memory.
    """
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    outputs = weights["embedding/embeddings"][ids]
    layers = {name.split("/")[0] for name in weights if name.startswith("recurrent.")}
    for number in range(len(layers)):
        outputs = lstm(outputs, weights, f"recurrent.{number}")
    logits = outputs @ weights["head/kernel"] + weights["head/bias"]
    return logits if memory is None else copy_memory(weights, ids, outputs, logits, **memory)


def copy_memory(
    weights, ids, outputs, logits, heads, characters, capacity, match_length, log_mixing, line_end
):
    """Log-probabilities of a tune memory, from lists of the entries of each row."""
    log_probabilities = np.zeros_like(logits)
    kernels = {n.removeprefix("memory/"): w for n, w in weights.items() if "memory/" in n}
    for row, (tune, hidden) in enumerate(zip(ids, outputs, strict=True)):
        entries = []  # (key, character that followed)
        for t, (character, y) in enumerate(zip(tune, hidden, strict=True)):
            if t:
                read = [tune[t - 1 - n] if t - 1 - n >= 0 else None for n in range(characters)]
                size = weights["embedding/embeddings"].shape[1]
                parts = [
                    np.zeros(size) if c is None else weights["embedding/embeddings"][c]
                    for c in read
                ]
                key = np.concatenate([hidden[t - 1], *parts]) @ kernels["key_kernel"]
                entries = [*entries, (key, character)][-capacity:]
                if character == tune[t - 1] == line_end:
                    entries = []
            query = y @ kernels["query_kernel"] + kernels["query_bias"]
            matches = match_lengths([c for _, c in entries], match_length)
            bonus = np.zeros((len(entries), heads))
            if match_length and entries:
                bonus = piecewise_linear(matches, kernels["match_scores"])

            def gates(name, y=y, matches=matches):
                values = y @ kernels[f"{name}_kernel"] + kernels[f"{name}_bias"]
                if not match_length:
                    return values
                return values + piecewise_linear(max(matches), kernels[f"match_{name}s"])

            copied = np.zeros((heads, logits.shape[-1]))
            for head in range(heads if entries else 0):
                part = slice(len(query) * head // heads, len(query) * (head + 1) // heads)
                scores = np.array([key[part] @ query[part] for key, _ in entries])
                attention = softmax(scores / np.sqrt(len(query) / heads) + bonus[:, head])
                for weight, (_, following) in zip(attention, entries, strict=True):
                    copied[head, following] += weight
            mixed, shares = logits[row, t], np.eye(1 + heads)[0]
            if entries:
                shares = softmax(np.concatenate([[0], gates("gate")]))
                if log_mixing:
                    factors = np.log1p(np.exp(gates("factor")))
                    mixed = mixed + factors @ np.log(copied + 1e-3)
            probabilities = shares[0] * softmax(mixed) + shares[1:] @ copied
            log_probabilities[row, t] = np.log(probabilities)
    return log_probabilities


def match_lengths(characters, limit):
    """For each position: how many characters before it equal the last ones, counted backwards."""
    lengths = []
    for position in range(len(characters)):
        before, length = characters[:position], 0
        while length < min(limit, len(before)) and before[-1 - length] == characters[-1 - length]:
            length += 1
        lengths.append(length)
    return lengths


def piecewise_linear(lengths, rises):
    """Functions of a length from their rises between 0, 1, 2, 4, 8 and so on; one a column."""
    knots = [0, *(2**power for power in range(len(rises)))]
    values = np.concatenate([np.zeros((1, rises.shape[1])), np.cumsum(rises, axis=0)])
    columns = [np.interp(lengths, knots, column) for column in values.T]
    return np.stack(columns, axis=-1)


def ensemble_oracle(weights, ids, shares):
    """Logarithm of the weighted mean of the probabilities of several CharLSTMs."""
    mean = 0.0
    for number, share in enumerate(shares):
        prefix = f"{number}/"
        own = {n.removeprefix(prefix): a for n, a in weights.items() if n.startswith(prefix)}
        mean += share * softmax(char_lstm_oracle(own, ids))
    return np.log(mean)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def gru_oracle(weights, ids):
    """Logits of the GRU in examples/own_model.py: gates z, r, h; reset after the product."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    kernel, recurrent = weights["gru/kernel"], weights["gru/recurrent_kernel"]
    input_bias, recurrent_bias = weights["gru/bias"]
    h = np.zeros((len(ids), len(recurrent)))
    outputs = []
    for x in np.moveaxis(weights["embedding/embeddings"][ids], 1, 0):
        xz, xr, xh = np.split(x @ kernel + input_bias, 3, axis=1)
        hz, hr, hh = np.split(h @ recurrent + recurrent_bias, 3, axis=1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        h = z * h + (1 - z) * np.tanh(xh + r * hh)
        outputs.append(h)
    return np.stack(outputs, axis=1) @ weights["head/kernel"] + weights["head/bias"]


def note_lstm_oracle(weights, rows):
    """Hidden vectors of a NoteLSTM from rows of classes (batch, time, 3)."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    names = ("pitch", "step", "duration")
    outputs = np.concatenate(
        [weights[f"{name}_embedding/embeddings"][rows[..., n]] for n, name in enumerate(names)], -1
    )
    for number in range(len({name.split("/")[0] for name in weights if "lstm." in name})):
        outputs = lstm(outputs, weights, f"lstm.{number}")
    return outputs


def note_window_lstm_oracle(weights, rows, seq_length):
    """Hidden vectors of a NoteWindowLSTM, from windows of rows that begin with zeros."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    scaled = rows.astype(np.float64) / [128, 1, 1]
    padded = np.concatenate([np.zeros((len(rows), seq_length, 3)), scaled], axis=1)
    windows = [padded[:, t + 1 : t + 1 + seq_length] for t in range(rows.shape[1])]
    return np.stack([lstm(window, weights, "lstm")[:, -1] for window in windows], axis=1)
