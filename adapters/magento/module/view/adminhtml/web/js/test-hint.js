/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
define(['jquery', 'mage/translate'], function ($, $t) {
    'use strict';

    /**
     * Posts the test when the button is pressed and shows what came of it.
     */
    return function (config, element) {
        var button = $(element).find('button'),
            note = $(element).find('[role="status"]');

        button.on('click', function () {
            button.prop('disabled', true);
            note.text($t('One moment ...'));
            $.post(config.url, { 'form_key': window.FORM_KEY }, null, 'json')
                .done(function (said) {
                    note.text(said.words || $t('The shop itself did not answer. Are you still signed in?'));
                })
                .fail(function () {
                    note.text($t('The shop itself did not answer. Are you still signed in?'));
                })
                .always(function () {
                    button.prop('disabled', false);
                });
        });
    };
});
