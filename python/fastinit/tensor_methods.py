"""The methods of a tensor that are operations: each is a function of `ops`, bound here under its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ops import (
    activation,
    arithmetic,
    bivariate,
    broadcasting,
    comparison,
    copying,
    cumulative,
    diagonals,
    drawing,
    extremes,
    gathering,
    indexing,
    linalg,
    norms,
    ordering,
    permuting,
    pointwise,
    product,
    quantiles,
    rearranging,
    reduction,
    reduction_at,
    reshaping,
    scattering,
    selection,
    shape,
    special,
    splitting,
    strided,
    ternary,
    variance,
)
from .ops.later import Later
from .ops.operands import operator

if TYPE_CHECKING:
    from .ops import (
        contraction,
        correlation,
        counting,
        decompositions,
        determinants,
        exponents,
        least_squares,
        matrix_products,
        view_scatter,
    )
else:
    contraction = Later("contraction")
    correlation = Later("correlation")
    counting = Later("counting")
    decompositions = Later("decompositions")
    determinants = Later("determinants")
    exponents = Later("exponents")
    least_squares = Later("least_squares")
    matrix_products = Later("matrix_products")
    view_scatter = Later("view_scatter")

__all__ = ["Methods"]


class Methods:
    """What `Tensor` inherits: the functions of `ops`, a subject after the other."""

    # Arithmetic
    add = arithmetic.add
    sub = arithmetic.sub
    mul = arithmetic.mul
    div = arithmetic.div
    floor_divide = arithmetic.floor_divide
    remainder = arithmetic.remainder
    neg = arithmetic.neg
    reciprocal = arithmetic.reciprocal
    pow = arithmetic.pow
    square = arithmetic.square
    addcmul = ternary.addcmul
    addcdiv = ternary.addcdiv
    lerp = ternary.lerp
    subtract = arithmetic.subtract
    multiply = arithmetic.multiply
    divide = arithmetic.divide
    true_divide = arithmetic.true_divide
    add_ = arithmetic.add_
    sub_ = arithmetic.sub_
    mul_ = arithmetic.mul_
    div_ = arithmetic.div_
    floor_divide_ = arithmetic.floor_divide_
    remainder_ = arithmetic.remainder_
    pow_ = arithmetic.pow_
    neg_ = arithmetic.neg_
    reciprocal_ = arithmetic.reciprocal_
    square_ = arithmetic.square_
    addcmul_ = ternary.addcmul_
    addcdiv_ = ternary.addcdiv_
    lerp_ = ternary.lerp_
    negative = arithmetic.negative
    subtract_ = arithmetic.subtract_
    multiply_ = arithmetic.multiply_
    divide_ = arithmetic.divide_
    true_divide_ = arithmetic.true_divide_
    negative_ = arithmetic.negative_
    __add__ = operator(arithmetic.add)
    __sub__ = operator(arithmetic.sub)
    __mul__ = operator(arithmetic.mul)
    __truediv__ = operator(arithmetic.div)
    __floordiv__ = operator(arithmetic.floor_divide)
    __mod__ = operator(arithmetic.remainder)
    __pow__ = operator(arithmetic.pow)
    __radd__ = operator(arithmetic.add)
    __rsub__ = operator(arithmetic.rsub)
    __rmul__ = operator(arithmetic.mul)
    __rtruediv__ = operator(arithmetic.rdiv)
    __rfloordiv__ = operator(arithmetic.rfloor_divide)
    __rmod__ = operator(arithmetic.rremainder)
    __rpow__ = operator(arithmetic.rpow)
    __iadd__ = operator(arithmetic.add_)
    __isub__ = operator(arithmetic.sub_)
    __imul__ = operator(arithmetic.mul_)
    __itruediv__ = operator(arithmetic.div_)
    __ifloordiv__ = operator(arithmetic.floor_divide_)
    __imod__ = operator(arithmetic.remainder_)
    __ipow__ = operator(arithmetic.pow_)
    __neg__ = arithmetic.neg

    # Functions of each element
    abs = pointwise.abs
    exp = pointwise.exp
    exp2 = pointwise.exp2
    expm1 = pointwise.expm1
    log = pointwise.log
    log2 = pointwise.log2
    log10 = pointwise.log10
    log1p = pointwise.log1p
    sqrt = pointwise.sqrt
    rsqrt = pointwise.rsqrt
    sin = pointwise.sin
    cos = pointwise.cos
    tan = pointwise.tan
    sinh = pointwise.sinh
    cosh = pointwise.cosh
    tanh = pointwise.tanh
    asin = pointwise.asin
    acos = pointwise.acos
    atan = pointwise.atan
    sigmoid = pointwise.sigmoid
    relu = pointwise.relu
    sign = pointwise.sign
    floor = pointwise.floor
    ceil = pointwise.ceil
    trunc = pointwise.trunc
    round = pointwise.round
    frac = pointwise.frac
    nan_to_num = pointwise.nan_to_num
    absolute = pointwise.absolute
    abs_ = pointwise.abs_
    exp_ = pointwise.exp_
    exp2_ = pointwise.exp2_
    expm1_ = pointwise.expm1_
    log_ = pointwise.log_
    log2_ = pointwise.log2_
    log10_ = pointwise.log10_
    log1p_ = pointwise.log1p_
    sqrt_ = pointwise.sqrt_
    rsqrt_ = pointwise.rsqrt_
    sin_ = pointwise.sin_
    cos_ = pointwise.cos_
    tan_ = pointwise.tan_
    sinh_ = pointwise.sinh_
    cosh_ = pointwise.cosh_
    tanh_ = pointwise.tanh_
    asin_ = pointwise.asin_
    acos_ = pointwise.acos_
    atan_ = pointwise.atan_
    sigmoid_ = pointwise.sigmoid_
    relu_ = pointwise.relu_
    sign_ = pointwise.sign_
    floor_ = pointwise.floor_
    ceil_ = pointwise.ceil_
    trunc_ = pointwise.trunc_
    round_ = pointwise.round_
    frac_ = pointwise.frac_
    asinh = pointwise.asinh
    acosh = pointwise.acosh
    atanh = pointwise.atanh
    deg2rad = pointwise.deg2rad
    rad2deg = pointwise.rad2deg
    sgn = pointwise.sgn
    positive = pointwise.positive
    arcsin = pointwise.arcsin
    arccos = pointwise.arccos
    arctan = pointwise.arctan
    arcsinh = pointwise.arcsinh
    arccosh = pointwise.arccosh
    arctanh = pointwise.arctanh
    fix = pointwise.fix
    asinh_ = pointwise.asinh_
    acosh_ = pointwise.acosh_
    atanh_ = pointwise.atanh_
    deg2rad_ = pointwise.deg2rad_
    rad2deg_ = pointwise.rad2deg_
    sgn_ = pointwise.sgn_
    nan_to_num_ = pointwise.nan_to_num_
    absolute_ = pointwise.absolute_
    arcsin_ = pointwise.arcsin_
    arccos_ = pointwise.arccos_
    arctan_ = pointwise.arctan_
    arcsinh_ = pointwise.arcsinh_
    arccosh_ = pointwise.arccosh_
    arctanh_ = pointwise.arctanh_
    fix_ = pointwise.fix_
    __abs__ = pointwise.abs
    __pos__ = pointwise.positive
    sinc = pointwise.sinc
    sinc_ = pointwise.sinc_
    frexp = exponents.frexp_of

    # Special functions
    erf = special.erf
    erfc = special.erfc
    erfinv = special.erfinv
    logit = special.logit
    erf_ = special.erf_
    erfc_ = special.erfc_
    erfinv_ = special.erfinv_
    logit_ = special.logit_
    softmax = activation.softmax
    log_softmax = activation.log_softmax

    # Functions of two tensors
    atan2 = bivariate.atan2
    arctan2 = bivariate.arctan2
    hypot = bivariate.hypot
    copysign = bivariate.copysign
    fmod = bivariate.fmod
    logaddexp = bivariate.logaddexp
    logaddexp2 = bivariate.logaddexp2
    xlogy = bivariate.xlogy
    fmax = bivariate.fmax
    fmin = bivariate.fmin
    float_power = bivariate.float_power
    atan2_ = bivariate.atan2_
    arctan2_ = bivariate.arctan2_
    hypot_ = bivariate.hypot_
    copysign_ = bivariate.copysign_
    fmod_ = bivariate.fmod_
    xlogy_ = bivariate.xlogy_
    heaviside = bivariate.heaviside
    nextafter = bivariate.nextafter
    ldexp = bivariate.ldexp
    gcd = bivariate.gcd
    lcm = bivariate.lcm
    heaviside_ = bivariate.heaviside_
    nextafter_ = bivariate.nextafter_
    ldexp_ = bivariate.ldexp_
    gcd_ = bivariate.gcd_
    lcm_ = bivariate.lcm_

    # Products
    mm = product.mm
    bmm = product.bmm
    mv = product.mv
    dot = product.dot
    matmul = product.matmul
    addmm = product.addmm
    baddbmm = product.baddbmm
    addmv = product.addmv
    outer = product.outer
    ger = product.outer
    inner = contraction.inner
    vdot = contraction.vdot
    kron = contraction.kron
    addr = product.addr
    addmm_ = product.addmm_
    addmv_ = product.addmv_
    baddbmm_ = product.baddbmm_
    addr_ = product.addr_

    # Reductions
    sum = reduction.sum
    mean = reduction.mean
    var = variance.var
    std = variance.std
    prod = reduction.prod
    cumsum = cumulative.cumsum
    logsumexp = reduction.logsumexp
    norm = norms.norm
    any = reduction.any
    all = reduction.all
    count_nonzero = reduction.count_nonzero
    nansum = reduction.nansum
    nanmean = reduction.nanmean
    sum_to_size = reduction.sum_to_size
    cumsum_ = cumulative.cumsum_

    # Running values along a dimension
    cumprod = cumulative.cumprod
    cumprod_ = cumulative.cumprod_
    cummax = cumulative.cummax
    cummin = cumulative.cummin
    logcumsumexp = cumulative.logcumsumexp
    diff = cumulative.diff

    # Norms of rows, and distances
    dist = norms.dist
    renorm = norms.renorm
    renorm_ = norms.renorm_

    # Extremes and order
    max = extremes.max
    min = extremes.min
    amax = extremes.amax
    amin = extremes.amin
    argmax = extremes.argmax
    argmin = extremes.argmin
    sort = ordering.sort
    argsort = ordering.argsort
    topk = ordering.topk
    median = quantiles.median
    aminmax = extremes.aminmax
    msort = ordering.msort
    kthvalue = ordering.kthvalue
    quantile = quantiles.quantile
    mode = ordering.mode
    nanmedian = quantiles.nanmedian
    nanquantile = quantiles.nanquantile

    # How often values occur
    unique = counting.unique
    unique_consecutive = counting.unique_consecutive
    bincount = counting.bincount
    histc = counting.histc

    # Choices
    where = selection.where_self
    maximum = selection.maximum
    minimum = selection.minimum
    clamp = selection.clamp
    masked_fill = selection.masked_fill
    clip = selection.clip
    masked_fill_ = selection.masked_fill_
    clamp_ = selection.clamp_
    clip_ = selection.clip_
    clamp_min = selection.clamp_min
    clamp_max = selection.clamp_max
    clamp_min_ = selection.clamp_min_
    clamp_max_ = selection.clamp_max_

    # Comparisons and logic
    eq = comparison.eq
    ne = comparison.ne
    lt = comparison.lt
    le = comparison.le
    gt = comparison.gt
    ge = comparison.ge
    isclose = comparison.isclose
    allclose = comparison.allclose
    equal = comparison.equal
    isnan = comparison.isnan
    isinf = comparison.isinf
    isfinite = comparison.isfinite
    logical_not = comparison.logical_not
    logical_and = comparison.logical_and
    logical_or = comparison.logical_or
    logical_xor = comparison.logical_xor
    bitwise_and = comparison.bitwise_and
    bitwise_or = comparison.bitwise_or
    bitwise_xor = comparison.bitwise_xor
    bitwise_not = comparison.bitwise_not
    signbit = comparison.signbit
    isposinf = comparison.isposinf
    isneginf = comparison.isneginf
    bitwise_left_shift = comparison.bitwise_left_shift
    bitwise_right_shift = comparison.bitwise_right_shift
    greater = comparison.greater
    greater_equal = comparison.greater_equal
    less = comparison.less
    less_equal = comparison.less_equal
    not_equal = comparison.not_equal
    bitwise_not_ = comparison.bitwise_not_
    bitwise_and_ = comparison.bitwise_and_
    bitwise_or_ = comparison.bitwise_or_
    bitwise_xor_ = comparison.bitwise_xor_
    __lt__ = operator(comparison.lt)
    __le__ = operator(comparison.le)
    __gt__ = operator(comparison.gt)
    __ge__ = operator(comparison.ge)
    __and__ = operator(comparison.bitwise_and)
    __or__ = operator(comparison.bitwise_or)
    __xor__ = operator(comparison.bitwise_xor)
    __rand__ = operator(comparison.bitwise_and)
    __ror__ = operator(comparison.bitwise_or)
    __rxor__ = operator(comparison.bitwise_xor)
    __iand__ = operator(comparison.bitwise_and_)
    __ior__ = operator(comparison.bitwise_or_)
    __ixor__ = operator(comparison.bitwise_xor_)
    __ilshift__ = operator(comparison.bitwise_left_shift_)
    __irshift__ = operator(comparison.bitwise_right_shift_)
    __lshift__ = operator(comparison.bitwise_left_shift)
    __rshift__ = operator(comparison.bitwise_right_shift)
    __rlshift__ = operator(comparison.left_shift_of)
    __rrshift__ = operator(comparison.right_shift_of)
    __invert__ = comparison.inverted
    eq_ = comparison.eq_
    ne_ = comparison.ne_
    lt_ = comparison.lt_
    le_ = comparison.le_
    gt_ = comparison.gt_
    ge_ = comparison.ge_
    greater_ = comparison.greater_
    greater_equal_ = comparison.greater_equal_
    less_ = comparison.less_
    less_equal_ = comparison.less_equal_
    not_equal_ = comparison.not_equal_
    logical_and_ = comparison.logical_and_
    logical_or_ = comparison.logical_or_
    logical_xor_ = comparison.logical_xor_
    logical_not_ = comparison.logical_not_
    bitwise_left_shift_ = comparison.bitwise_left_shift_
    bitwise_right_shift_ = comparison.bitwise_right_shift_

    # Shapes
    reshape = shape.reshape
    view = shape.view
    view_as = shape.view_as
    reshape_as = shape.reshape_as
    flatten = shape.flatten
    ravel = shape.ravel
    unflatten = shape.unflatten
    transpose = permuting.transpose
    t = permuting.t
    permute = permuting.permute
    movedim = permuting.movedim
    squeeze = shape.squeeze
    unsqueeze = shape.unsqueeze
    expand = broadcasting.expand
    expand_as = broadcasting.expand_as
    swapaxes = permuting.swapaxes
    moveaxis = permuting.moveaxis
    swapdims = permuting.swapdims
    adjoint = permuting.adjoint
    broadcast_to = broadcasting.broadcast_to
    unfold = strided.unfold
    as_strided = strided.as_strided
    squeeze_ = reshaping.squeeze_
    unsqueeze_ = reshaping.unsqueeze_
    t_ = reshaping.t_
    transpose_ = reshaping.transpose_
    swapaxes_ = reshaping.swapaxes_
    swapdims_ = reshaping.swapdims_
    resize_ = reshaping.resize_
    resize_as_ = reshaping.resize_as_

    # Indexing
    select = indexing.select
    narrow = indexing.narrow
    diagonal = indexing.diagonal
    index_select = gathering.index_select
    masked_select = gathering.masked_select
    gather = gathering.gather
    scatter = gathering.scatter
    scatter_add = gathering.scatter_add
    index_add = gathering.index_add
    nonzero = gathering.nonzero
    argwhere = gathering.nonzero
    scatter_ = scattering.scatter_
    scatter_add_ = scattering.scatter_add_
    index_add_ = scattering.index_add_
    index_copy = scattering.index_copy
    index_copy_ = scattering.index_copy_
    index_fill = scattering.index_fill
    index_fill_ = scattering.index_fill_
    index_put = scattering.index_put
    index_put_ = scattering.index_put_
    masked_scatter = scattering.masked_scatter
    masked_scatter_ = scattering.masked_scatter_
    take = scattering.take
    take_along_dim = scattering.take_along_dim
    scatter_reduce = reduction_at.scatter_reduce
    scatter_reduce_ = reduction_at.scatter_reduce_
    index_reduce = reduction_at.index_reduce
    index_reduce_ = reduction_at.index_reduce_
    put = scattering.put
    put_ = scattering.put_
    diagonal_scatter = view_scatter.diagonal_scatter
    select_scatter = view_scatter.select_scatter
    slice_scatter = view_scatter.slice_scatter
    as_strided_scatter = view_scatter.as_strided_scatter
    narrow_copy = view_scatter.narrow_copy

    # Diagonals
    trace = diagonals.trace
    diag = diagonals.diag
    diag_embed = diagonals.diag_embed
    diagflat = diagonals.diagflat
    fill_diagonal_ = diagonals.fill_diagonal_
    tril = diagonals.tril
    triu = diagonals.triu
    tril_ = diagonals.tril_
    triu_ = diagonals.triu_
    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem

    # Splitting and repeating
    split = splitting.split
    chunk = splitting.chunk
    unbind = splitting.unbind
    repeat = rearranging.repeat
    tile = rearranging.tile
    flip = rearranging.flip
    roll = rearranging.roll
    split_with_sizes = splitting.split
    tensor_split = splitting.tensor_split
    repeat_interleave = rearranging.repeat_interleave
    fliplr = rearranging.fliplr
    flipud = rearranging.flipud
    rot90 = rearranging.rot90
    hsplit = splitting.hsplit
    vsplit = splitting.vsplit
    dsplit = splitting.dsplit

    # Copies and conversions
    clone = copying.clone
    contiguous = copying.contiguous
    to = copying.to
    type_as = copying.type_as
    half = copying.half
    bfloat16 = copying.bfloat16
    double = copying.double
    long = copying.long
    short = copying.short
    copy_ = copying.copy_
    fill_ = copying.fill_
    zero_ = copying.zero_
    item = copying.item
    tolist = copying.tolist
    numpy = copying.numpy
    float = copying.single
    int = copying.integer
    char = copying.char
    byte = copying.byte
    bool = copying.boolean
    __deepcopy__ = copying.deep_copy

    # Random values, most of them in place
    uniform_ = drawing.uniform_
    normal_ = drawing.normal_
    log_normal_ = drawing.log_normal_
    exponential_ = drawing.exponential_
    cauchy_ = drawing.cauchy_
    geometric_ = drawing.geometric_
    bernoulli_ = drawing.bernoulli_
    random_ = drawing.random_
    bernoulli = drawing.bernoulli
    multinomial = drawing.multinomial

    # Matrices
    inverse = linalg.inv
    matrix_exp = linalg.matrix_exp
    svd = decompositions.named_svd
    qr = decompositions.named_qr
    det = determinants.det
    logdet = determinants.logdet
    slogdet = determinants.named_slogdet
    pinverse = least_squares.pinv
    cross = matrix_products.cross
    matrix_power = matrix_products.matrix_power
    cov = correlation.cov
    corrcoef = correlation.corrcoef
